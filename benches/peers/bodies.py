"""What is posted: activations of devices, with what such a message carries besides personal data."""

import json


def allowed(bytes_min):
    """Everything in it may go. Six findings in a KiB: what identifies a device, its country and its network."""
    return build(bytes_min, lambda number: {})


def redacted(bytes_min, fields):
    """The same with so many e-mail addresses that activation does not need."""
    return build(bytes_min, lambda number: {"email": f"sana.k{number}@example.pk"} if number < fields else {},
                 devices_min=fields, brief=True)


def build(bytes_min, more, devices_min=0, brief=False):
    devices, text = [], ""
    while len(text) < bytes_min or len(devices) < devices_min:
        devices.append(device(len(devices), brief) | more(len(devices)))
        text = json.dumps({"batch": 7, "devices": devices}, separators=(",", ":"))
        if len(text) + 1000 < bytes_min:
            # Long bodies are made in strides.
            stride = (bytes_min - len(text)) // 1000
            for _ in range(stride):
                devices.append(device(len(devices), brief) | more(len(devices)))
    return text.encode()


def device(number, brief):
    if brief:
        return {"sku": f"A{number:04}", "active": True, "slot": number}
    return {
        "imei": "867619040000019",
        "mac": f"64:CC:2E:AA:BB:{number % 256:02X}",
        "mcc": "410",
        "mnc": "03",
        "model": "Nova 11",
        "firmware": f"14.0.{number % 90}",
        "battery": 87 - number % 50,
        "charging": number % 2 == 0,
        "uptime": 86_400 + 37 * number,
        "load": [0.12, 0.31, 0.27],
        "features": {"wifi6": True, "dual_sim": False, "theme": "dark"},
        "note": "first start, set up in the shop",
        "components": [
            {"id": part, "version": f"{number % 7}.{at}", "state": "ready", "faults": 0, "size": 48_128 + 64 * at}
            for at, part in enumerate(["modem", "camera", "display", "battery", "speaker", "sensor_hub",
                                       "fingerprint", "storage", "gnss"])
        ],
    }
