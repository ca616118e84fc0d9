"""The ground floor: what training and listening must agree on."""

import os

# Some releases of onnxruntime report their use over the network and leave a device id in the user's home.
# Nothing of a call may leave the machine: this is read when onnxruntime is loaded, so it stands before all.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
