"""What a drive remembers from one step to the next: the columns of its state."""

# Shaft angle [rad] and speed [rad/s]; the motor's lagged effort [N*m]; the loop's slewed target
# [command's unit]; smoothed effort through the gears [N*m]; joint angle [rad]; accumulated error
# [error's unit * s]; joint minus shaft within the backlash [rad]; joint speed within it [rad/s]; the motor's
# effort at the output in the last step, its loss with speed taken off [N*m]: what its current stands for;
# share of the supply voltage that it was driven with [1].
ANGLE, SPEED, EFFORT, TARGET, TRANSMITTED, JOINT_ANGLE, INTEGRAL, PLAY, JOINT_SPEED, MOTOR, DUTY = range(11)
STATES = 11
