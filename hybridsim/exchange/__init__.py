"""Networks out to other tools and in from them: ONNX, and the actuator networks of Isaac Lab.

    onnx_networks   a calibration's networks as ONNX graphs
    isaaclab        a calibration's drives as TorchScript actuator networks, distilled
    torchscript     such actuator networks, from anywhere, on the joints of a HybridSim

onnx and torch are imported by the modules that need them, so that each works without the other.
"""
