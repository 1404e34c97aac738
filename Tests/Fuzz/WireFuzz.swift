// The request parser against its plain twin, driven by the compiler's fuzzer. An input's first byte says how the stream
// behind it is cut and which limits apply. scripts/fuzz builds this in one module with the sources and the twin.
import Glibc

@testable import HTTP

/// Called once before the first input: writes the table's cases as first inputs to the folder SHROFF_FUZZ_SEEDS.
@_cdecl("LLVMFuzzerInitialize")
public func initializeFuzzer(
    _ count: UnsafeMutablePointer<CInt>?,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>?
) -> CInt {
    guard let folder = getenv("SHROFF_FUZZ_SEEDS") else { return 0 }
    for (index, wireCase) in WireCase.all.enumerated() {
        guard let file = fopen(String(cString: folder) + "/case-\(index)", "w") else { return 1 }
        let bytes = [UInt8(truncatingIfNeeded: index)] + wireCase.bytes
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func tryInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: data, count: count))
    guard let choice = input.first else { return 0 }
    let bytes = Array(input.dropFirst())
    let driver = choice & 1 == 0 ? StreamDriver() : StreamDriver(limits: .tight, bodyLimit: 4, discardLimit: 6)
    var twin = PlainParser(
        bytes, limits: driver.limits, bodyLimit: driver.bodyLimit, discardLimit: driver.discardLimit)
    let expected = twin.parse()
    var random = SplitMix64(seed: UInt64(choice))
    let largest = Int.random(in: 1...60, using: &random)
    let pieces = driver.parse(bytes) { Int.random(in: 1...largest, using: &random) }
    if driver.parse(bytes) != expected || pieces != expected {
        print("the parser: \(pieces)\nits twin:   \(expected)\nthe stream: \(text(bytes).debugDescription)")
        fflush(nil)
        abort()
    }
    return 0
}

/// libFuzzer's own changes, which know bytes.
@_silgen_name("LLVMFuzzerMutate")
private func changeBytes(_ data: UnsafeMutablePointer<UInt8>?, _ count: Int, _ most: Int) -> Int

/// Half of the changes are those of lines and fields.
@_cdecl("LLVMFuzzerCustomMutator")
public func changeInput(_ data: UnsafeMutablePointer<UInt8>?, _ count: Int, _ most: Int, _ seed: CUnsignedInt) -> Int {
    guard let data, count > 0, seed & 1 == 0 else { return changeBytes(data, count, most) }
    var random = SplitMix64(seed: UInt64(seed))
    let input = Array(UnsafeBufferPointer(start: data, count: count))
    let changed = StreamMutator.changed(
        Array(input.dropFirst()), lineChanges: Int.random(in: 1...2, using: &random),
        byteChanges: Int.random(in: 0...1, using: &random), using: &random)
    let result = ([input[0]] + changed).prefix(most)
    for (offset, byte) in result.enumerated() { data[offset] = byte }
    return result.count
}
