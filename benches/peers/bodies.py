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


def kinds(length):
    """Files of every kind that is read, so many bytes each, by their names: what is found in them is in each
    record another."""
    given = ["Sana", "Ali", "Hina", "Bilal", "Noor", "Tomas", "Irene", "Kwame", "Yuna", "Pavel"]
    family = ["Raza", "Butt", "Iqbal", "Molina", "Petrov", "Mensah", "Lindqvist", "Park"]
    name = lambda number: f"{given[number % 10]} {family[number * 7 % 8]}"
    phone = lambda number: f"+92300{(number * 7919) % 10**7:07}"
    mail = lambda number: f"{given[number % 10]}.{number}@mail.example".lower()
    address = lambda number: f"House {number % 400}, Street {number % 30}, Gulshan"
    person = lambda number: {
        "id": 40_000_000 + number * 13, "full_name": name(number), "email": mail(number), "mobile": phone(number),
        "dob": f"{1950 + number % 55}-{1 + number % 12:02}-{1 + number % 28:02}", "address": address(number),
        "city": ["Karachi", "Lahore", "Multan"][number % 3], "vip": number % 5 == 0, "balance": number * 1.25,
        "tags": ["retail", "app"][: number % 3], "device": {"mac": f"64:cc:2e:{number % 256:02x}:{number // 256 % 256:02x}:07",
                                                            "ip": f"198.51.{number % 256}.{number // 256 % 256}"},
    }
    stamp = lambda number: f"2026-11-{1 + number % 28:02}T{number % 24:02}:{number % 60:02}:11.250Z"
    lines = {
        "people.ndjson": lambda number: json.dumps(person(number), separators=(",", ":")),
        "goods.ndjson": lambda number: stock(1)[1:-1].decode().replace("BAND-00000", f"BAND-{number:05}"),
        "app.log": lambda number: f"{stamp(number)} INFO checkout req={number * 2654435761 % 2**32:08x} " + [
            f"user={mail(number)} took {number % 900} ms", f"cache miss for sku-{number} in 0.{number % 97} s",
            f"call from {phone(number)} to agent {number % 40}", f"handled: {json.dumps(person(number))}",
        ][number % 4],
        "access.log": lambda number: f'198.51.{number % 256}.7 - - [14/Nov/2026:08:12:44 +0000] '
                                     f'"GET /goods/{number}?page={number % 9} HTTP/1.1" 200 {number} "-" "curl/8.5"',
        "people.csv": lambda number: f"{number},{name(number)},{mail(number)},{phone(number)},"
                                     f"\"{address(number)}\",{number % 2 == 0},{number * 3}.50",
        "chat.txt": lambda number: f"[{number % 24:02}:{number % 60:02}] {name(number)}: please send it to "
                                   f"{address(number)}, my number is 0300{number * 7919 % 10**7:07}.",
        "orders.xml": lambda number: f'<order no="PK-{number}"><buyer><name>{name(number)}</name><phone>{phone(number)}'
                                     f"</phone></buyer><sku>band-{number % 9}</sku><amount>{number}.00</amount></order>",
    }
    heads = {"people.csv": "id,name,email,phone,address,active,balance\n", "orders.xml": "<orders>\n"}
    tails = {"orders.xml": "</orders>\n"}
    for file, line in lines.items():
        text = [line(number) + "\n" for number in range(length // len(line(0)))]
        yield file, (heads.get(file, "") + "".join(text) + tails.get(file, "")).encode()
