"""gRPC's own client and server with a gateway between them, by the cases of its interoperability tests
(https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md).

    interop.py serve            prints its port and serves until its input ends
    interop.py call TARGET      calls through TARGET, one case a line; ends with 1 when one fails

A message of the protocol is Google's `SimpleRequest` and so on; here it is bytes whose first four are the
length of the answer wanted, which gRPC's libraries do not care about. `ping_pong` and
`cancel_after_first_response` are left out: a caller that waits for an answer before it has sent all of its
messages waits for a gateway that reads all of them before the first one leaves.
"""

import concurrent.futures
import struct
import sys
import threading
import time

import grpc

SERVICE = "grpc.testing.TestService"
ECHO_INITIAL = "x-grpc-test-echo-initial"
ECHO_TRAILING = "x-grpc-test-echo-trailing-bin"
# Statuses are asked for with these two.
CODE, MESSAGE = "x-test-code", "x-test-message-bin"
LARGE_REQUEST, LARGE_RESPONSE = 271_828, 314_159


def payload(wanted, length=4):
    return struct.pack(">I", wanted) + bytes(max(length - 4, 0))


def wanted(message):
    return struct.unpack(">I", message[:4])[0]


# --- what answers ------------------------------------------------------------------------------------------


def prepare(context):
    told = dict(context.invocation_metadata())
    if ECHO_INITIAL in told:
        context.send_initial_metadata(((ECHO_INITIAL, told[ECHO_INITIAL]),))
    if ECHO_TRAILING in told:
        context.set_trailing_metadata(((ECHO_TRAILING, told[ECHO_TRAILING]),))
    if CODE in told:
        codes = {code.value[0]: code for code in grpc.StatusCode}
        context.abort(codes[int(told[CODE])], told[MESSAGE].decode())


def unary(message, context):
    prepare(context)
    return bytes(wanted(message)) if message else b""


def output(message, context):
    prepare(context)
    for at in range(0, len(message), 4):
        yield bytes(wanted(message[at:]))


def collect(messages, context):
    prepare(context)
    return payload(sum(map(len, messages)))


def duplex(messages, context):
    prepare(context)
    for message in messages:
        yield bytes(wanted(message))


def sleep(messages, context):
    stop = threading.Event()
    context.add_callback(stop.set)
    for _ in messages:
        stop.wait(20)
    yield b""


def serve():
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {
        "EmptyCall": grpc.unary_unary_rpc_method_handler(unary),
        "UnaryCall": grpc.unary_unary_rpc_method_handler(unary),
        "StreamingOutputCall": grpc.unary_stream_rpc_method_handler(output),
        "StreamingInputCall": grpc.stream_unary_rpc_method_handler(collect),
        "FullDuplexCall": grpc.stream_stream_rpc_method_handler(duplex),
        "SleepingCall": grpc.stream_stream_rpc_method_handler(sleep),
    }),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    sys.stdin.read()
    server.stop(None)


# --- what calls --------------------------------------------------------------------------------------------

CASES = []


def case(function):
    CASES.append(function)
    return function


class Stub:
    def __init__(self, channel):
        path = f"/{SERVICE}/"
        self.empty = channel.unary_unary(path + "EmptyCall")
        self.unary = channel.unary_unary(path + "UnaryCall")
        self.output = channel.unary_stream(path + "StreamingOutputCall")
        self.input = channel.stream_unary(path + "StreamingInputCall")
        self.duplex = channel.stream_stream(path + "FullDuplexCall")
        self.sleep = channel.stream_stream(path + "SleepingCall")
        self.unknown = channel.unary_unary(path + "UnimplementedCall")
        self.nobody = channel.unary_unary("/grpc.testing.UnimplementedService/UnimplementedCall")


def equal(given, expected):
    if given != expected:
        raise AssertionError(f"{given!r}, not {expected!r}")


def fails(call, code, details=None):
    try:
        call()
    except grpc.RpcError as error:
        equal(error.code(), code)
        if details is not None:
            equal(error.details(), details)
        return
    raise AssertionError(f"no {code}")


@case
def empty_unary(stub):
    equal(stub.empty(b"", timeout=20), b"")


@case
def large_unary(stub):
    answer = stub.unary(payload(LARGE_RESPONSE, LARGE_REQUEST), timeout=20)
    equal(len(answer), LARGE_RESPONSE)


@case
def client_compressed_unary(stub):
    # A message that its own library compressed is bytes like others.
    answer = stub.unary(payload(LARGE_RESPONSE, LARGE_REQUEST), timeout=20, compression=grpc.Compression.Gzip)
    equal(len(answer), LARGE_RESPONSE)


@case
def client_streaming(stub):
    sizes = [27_182, 8, 1_828, 45_904]
    answer = stub.input(iter([payload(0, size) for size in sizes]), timeout=20)
    equal(wanted(answer), 74_922)


@case
def server_streaming(stub):
    sizes = [31_415, 9, 2_653, 58_979]
    answers = stub.output(b"".join(map(payload, sizes)), timeout=20)
    equal([len(answer) for answer in answers], sizes)


@case
def both_streaming(stub):
    sizes = [31_415, 9, 2_653, 58_979]
    answers = stub.duplex(iter(map(payload, sizes)), timeout=20)
    equal([len(answer) for answer in answers], sizes)


@case
def empty_stream(stub):
    equal(list(stub.duplex(iter([]), timeout=20)), [])


@case
def custom_metadata(stub):
    sent = ((ECHO_INITIAL, "test_initial_metadata_value"), (ECHO_TRAILING, b"\xab\xab\xab"))
    _, unary = stub.unary.with_call(payload(1), metadata=sent, timeout=20)
    stream = stub.duplex(iter([payload(1)]), metadata=sent, timeout=20)
    list(stream)
    for call in (unary, stream):
        equal(dict(call.initial_metadata())[ECHO_INITIAL], "test_initial_metadata_value")
        equal(dict(call.trailing_metadata())[ECHO_TRAILING], b"\xab\xab\xab")


def status(stub, message):
    asked = ((CODE, "2"), (MESSAGE, message.encode()))
    fails(lambda: stub.unary(payload(1), metadata=asked, timeout=20), grpc.StatusCode.UNKNOWN, message)
    fails(lambda: list(stub.duplex(iter([payload(1)]), metadata=asked, timeout=20)),
          grpc.StatusCode.UNKNOWN, message)


@case
def status_code_and_message(stub):
    status(stub, "test status message")


@case
def special_status_message(stub):
    status(stub, "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n")


@case
def unimplemented_method(stub):
    fails(lambda: stub.unknown(b"", timeout=20), grpc.StatusCode.UNIMPLEMENTED)


@case
def unimplemented_service(stub):
    fails(lambda: stub.nobody(b"", timeout=20), grpc.StatusCode.UNIMPLEMENTED)


@case
def cancel_after_begin(stub):
    hold = threading.Event()

    def messages():
        hold.wait(20)
        yield payload(1)

    call = stub.input.future(messages())
    call.cancel()
    hold.set()
    equal(call.code(), grpc.StatusCode.CANCELLED)


@case
def timeout_on_sleeping_server(stub):
    begun = time.monotonic()
    fails(lambda: list(stub.sleep(iter([payload(1, 27_182)]), timeout=0.5)),
          grpc.StatusCode.DEADLINE_EXCEEDED)
    if time.monotonic() - begun > 10:
        raise AssertionError("the deadline came late")


@case
def many_at_once(stub):
    calls = [stub.unary.future(payload(size, 1_000), timeout=20) for size in range(200)]
    equal([len(call.result()) for call in calls], list(range(200)))


def call(target):
    failed = False
    # Every case over one connection: what one leaves behind would disturb the next.
    with grpc.insecure_channel(target) as channel:
        stub = Stub(channel)
        for function in CASES:
            try:
                function(stub)
                print(f"passed {function.__name__}")
            except (AssertionError, grpc.RpcError) as error:
                failed = True
                print(f"FAILED {function.__name__}: {error}")
    return failed


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    elif len(sys.argv) == 3 and sys.argv[1] == "call":
        sys.exit(call(sys.argv[2]))
    else:
        sys.exit(__doc__)
