"""How Isaac Lab calls actuator networks, written anew after its documentation (2.3, isaaclab.actuators).

MLP: histories of target - position and of velocity, newest first, zeros after a reset; the entries
`input_idx` of both, scaled, positions first for `pos_vel`; one row an environment and joint; output times
`torque_scale`. LSTM: one row an environment and joint, one moment, (target - position, velocity) unscaled;
states sized by the submodule `lstm`; gives torques and states. Both: within a DC motor's line and limit.
"""

import numpy as np
import torch


class IsaacActuator:
    def __init__(self, file, fields, envs, joints):
        self.network = torch.jit.load(str(file))
        self.fields, self.envs, self.joints = fields, envs, joints
        self.past = []
        if fields["class"] == "ActuatorNetLSTMCfg":
            state = self.network.lstm.state_dict()
            shape = (len(state) // 4, envs * joints, state["weight_hh_l0"].shape[1])
            self.states = (torch.zeros(shape), torch.zeros(shape))

    def compute(self, target, position, velocity):
        """[env joint] numpy in and out."""
        error = torch.tensor(target - position, dtype=torch.float32)
        speed = torch.tensor(velocity, dtype=torch.float32)
        with torch.inference_mode():
            if self.fields["class"] == "ActuatorNetLSTMCfg":
                row = torch.stack([error.flatten(), speed.flatten()], dim=1).unsqueeze(1)
                torque, self.states = self.network(row, self.states)
            else:
                torque = self.network(self.rows(error, speed)) * self.fields["torque_scale"]
        return self.clipped(torque.reshape(self.envs, self.joints), speed).numpy()

    def rows(self, error, speed):
        self.past.insert(0, (error, speed))
        nothing = (torch.zeros_like(error), torch.zeros_like(speed))
        wanted = [self.past[i] if i < len(self.past) else nothing for i in self.fields["input_idx"]]
        columns = [
            torch.stack([one[k].flatten() for one in wanted], dim=1) * self.fields[scale]
            for k, scale in enumerate(("pos_scale", "vel_scale"))
        ]
        return torch.cat(columns if self.fields["input_order"] == "pos_vel" else columns[::-1], dim=1)

    def clipped(self, torque, speed):
        f = self.fields
        meets = f["velocity_limit"] * (1 + f["effort_limit"] / f["saturation_effort"])
        share = torch.clip(speed, -meets, meets) / f["velocity_limit"]
        top = torch.clip(f["saturation_effort"] * (1 - share), max=f["effort_limit"])
        bottom = torch.clip(f["saturation_effort"] * (-1 - share), min=-f["effort_limit"])
        return torch.clip(torque, min=bottom, max=top)


def numpy_mlp(state, x):
    """A TorqueMLP by its weights alone."""
    layers = sorted({int(name.split(".")[1]) for name in state})
    for n in layers:
        x = x @ state[f"layers.{n}.weight"].T + state[f"layers.{n}.bias"]
        x = x if n == layers[-1] else x / (1 + np.abs(x))
    return x[:, 0]


def numpy_lstm(state, x, h, c):
    """One moment of a TorqueLSTM by its weights alone; torch's gates are input, forget, cell, output."""
    scaled = x * state["input_scale"]
    gates = scaled @ state["lstm.weight_ih_l0"].T + state["lstm.bias_ih_l0"]
    gates = gates + h @ state["lstm.weight_hh_l0"].T + state["lstm.bias_hh_l0"]
    i, f, g, o = np.split(gates, 4, axis=1)
    squash = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731
    c = squash(f) * c + squash(i) * np.tanh(g)
    h = squash(o) * np.tanh(c)
    out = np.concatenate([h, scaled], axis=1) @ state["head.weight"].T + state["head.bias"]
    return out[:, 0] * state["torque_scale"], h, c
