"""Networks out to other tools and in from them: ONNX, and the actuator networks of Isaac Lab.

    onnx_networks   a calibration's networks as ONNX graphs
    isaaclab        a calibration's drives as TorchScript actuator networks, distilled
    torchscript     such actuator networks, from anywhere, called as their contract says
    actuated        a HybridSim whose joints they move

onnx and torch are imported by the modules that need them, so that each works without the other. A network
from elsewhere needs its contract beside it, `network.toml` for `network.pt` (all keys: actuator_contract.py):

    schema = 1
    kind = "mlp"                      # or "lstm", which takes none of the five keys below
    input_idx = [0, 1, 2]             # entries of the histories, newest first
    input_order = "pos_vel"
    pos_scale = 1.0                   # of target - position [1/rad]
    vel_scale = 1.0                   # [s/rad]
    torque_scale = 1.0                # [N*m]
    sample_period_s = 0.005           # sim.dt that it was trained for
    joints = ["LF_HAA", "LF_HFE"]     # all that it moves
    effort_limit_Nm = 80.0

    actuator = ImportedActuator.load("network.pt", worlds=8, trust=True)
    simulator = ActuatedSim.of(robot, values, settings, [actuator])
    observation = simulator.step(target)
"""
