"""Efforts from motion: rigid bodies, rotors and friction as a linear model of what identification finds.

`motion` reads a log as even rows, `kinematics` differentiates it, `columns` says what each parameter does to
the effort, `fit` finds the parameters (inertias stay physical, friction stays passive), `model` predicts.
"""
