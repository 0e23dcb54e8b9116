"""One small network, used for every residual: actuators, contacts and sensors.

`contract` says what a network may be asked, `store` reads and writes its weights, `features` makes its
inputs from a history, `inference` evaluates it without torch, `training` fits it on `samples`, `selection`
decides whether it ships and `conformal` turns its spread into intervals. `blackbox` is the baseline that
knows no physics.
"""
