"""What is posted: activations of devices, with what such a message carries besides personal data."""

import json


def allowed(length):
    """So many bytes of which everything may go. Six findings in a KiB: what identifies a device, its country
    and its network."""
    devices = build(length, lambda number: {})
    # The last device is cut down to what there is room for, or left out; a note fills up the rest.
    while len(text(devices)) > length and devices[-1]["components"]:
        devices[-1]["components"].pop()
    if len(text(devices)) > length:
        devices.pop()
    words = " and tested there" * (length // 16)
    devices[-1]["note"] += words[:length - len(text(devices))]
    return text(devices).encode()


def redacted(bytes_min, fields):
    """The same with so many e-mail addresses that activation does not need."""
    address = lambda number: {"email": f"sana.k{number}@example.pk"} if number < fields else {}
    return text(build(bytes_min, address, devices_min=fields, brief=True)).encode()


def build(bytes_min, more, devices_min=0, brief=False):
    devices, length = [], 0
    while length < bytes_min or len(devices) < devices_min:
        devices.append(device(len(devices), brief) | more(len(devices)))
        length = len(text(devices))
        if length + 1000 < bytes_min:
            # Long bodies are made in strides.
            stride = (bytes_min - length) // 1000
            for _ in range(stride):
                devices.append(device(len(devices), brief) | more(len(devices)))
    return devices


def stock(length):
    """So many bytes, or a few more, about goods: nothing personal."""
    return repeat(length, lambda number: {
        "sku": f"BAND-{number:05}",
        "title": ["Smart Band 7", "Rice cooker, 3 l", "Desk lamp", "Air purifier 4"][number % 4],
        "warehouse": {"code": f"KHI-{number % 7}", "bin": f"{chr(65 + number % 26)}{number % 90}", "free": number % 3 > 0},
        "price": {"amount": f"{1990 + 35 * number}.00", "currency": "PKR"},
        "counted_at": f"2026-11-{1 + number % 28:02}T{number % 24:02}:15:00Z",
        "sizes_mm": [210 + number % 40, 140, 95.5],
        "labels": ["fragile", "new"][: number % 3],
        "replaces": None,
        "quantity": 17 + number % 50,
    })


def orders(length):
    """So many bytes, or a few more, about who ordered: much that activation does not need."""
    return repeat(length, lambda number: {
        "order_no": f"PK-{number:06}",
        "status": "paid",
        "customer": {"name": "Sana Khan", "email": f"sana.k{number}@example.pk", "phone": f"+92300{1000000 + number}"},
        "ship_to": {"address": f"House {number}, Street 4, Gulshan", "city": "Karachi", "postal_code": "75300"},
        "items": [{"sku": "band-7", "quantity": 1, "amount": f"{8990 + number}.00"}],
    })


def repeat(length, record):
    records = []
    while sum(map(len, records)) < length:
        records.append(json.dumps(record(len(records)), separators=(",", ":")))
    return ("[" + ",".join(records) + "]").encode()


def text(devices):
    return json.dumps({"batch": 7, "devices": devices}, separators=(",", ":"))


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
