// SimulatedDisk.swift: a folder with two contents: the kernel's, in real files that anyone may read, and the disk's, in
// memory, which has for sure only what was flushed. A loss of power makes the real files what the disk has: of the pages,
// lengths and names that were not flushed each may be there or not. All by one seed, on the caller's thread.
import Glibc
import Platform
import Synchronization

@testable import DecisionLog

/// One file, by whatever name.
private final class Inode {
    enum Change {
        case write(offset: Int, bytes: [UInt8])
        case truncate(Int)
    }

    /// What is on the disk whatever happens.
    var durable: [UInt8] = []
    /// What the kernel has on top of it.
    var pending: [Change] = []

    /// Decides for each page that waits whether it reached the disk. Pages are small, so that small records are torn.
    func settle(_ random: inout SplitMix64, share: Double) {
        for change in pending {
            switch change {
            case .truncate(let length):
                if random.chance(share) { Self.resize(&durable, to: length) }
            case .write(let offset, let bytes):
                var start = 0
                while start < bytes.count {
                    let rest = SimulatedDisk.pageBytes - (offset + start) % SimulatedDisk.pageBytes
                    let end = min(bytes.count, start + rest)
                    if random.chance(share) {
                        if durable.count < offset + end { Self.resize(&durable, to: offset + end) }
                        durable.replaceSubrange(offset + start..<offset + end, with: bytes[start..<end])
                    }
                    start = end
                }
            }
        }
        pending = []
    }

    func flush() {
        var random = SplitMix64(seed: 0)
        settle(&random, share: 1)
    }

    static func resize(_ bytes: inout [UInt8], to length: Int) {
        if bytes.count > length { bytes.removeLast(bytes.count - length) }
        if bytes.count < length { bytes += [UInt8](repeating: 0, count: length - bytes.count) }
    }
}

final class SimulatedDisk: Sendable {
    static let pageBytes = 128

    enum Death: Sendable { case killed, powerLost }

    private struct State {
        var random: SplitMix64
        /// Names as the disk has them, and changes of names that it may not have yet: together or not at all.
        var durable: [String: Inode] = [:]
        var pending: [[(name: String, file: Inode?)]] = []
        var names: [String: Inode] = [:]
        var open: [Int32: Inode] = [:]
        var work: [@Sendable () -> Void] = []
        /// Calls until the machine stops, in the middle of the last one; nil: it does not.
        var callsToLive: Int?
        var isDead = false
        /// One in so many flushes fails and leaves pages unwritten that the kernel then takes for written; 0: none.
        var failingFlushOneIn = 0
        var boots = 1
        var failedFlushes = 0
        var lastDeath = Death.killed
    }

    let path: String
    // Inodes are classes of this file and reached under the lock only.
    private let state: Monitor<State>

    init(_ path: String, seed: UInt64) {
        self.path = path
        state = Monitor(State(random: SplitMix64(seed: seed)))
        mkdir(path, 0o755)
    }

    var isDead: Bool { state.withLock { $0.isDead } }
    var lastDeath: Death { state.withLock { $0.lastDeath } }
    var failedFlushes: Int { state.withLock { $0.failedFlushes } }

    func live(calls: Int?) {
        state.withLock { state in
            state.callsToLive = calls
            state.isDead = false
        }
    }

    func failFlushes(oneIn: Int) { state.withLock { $0.failingFlushOneIn = oneIn } }

    /// From now on nothing has any effect.
    func stop() { state.withLock { $0.isDead = true } }

    /// Does one piece of what waits in the background; false when nothing did.
    func workOnce() -> Bool {
        let work = state.withLock { $0.work.isEmpty ? nil : $0.work.removeFirst() }
        work?()
        return work != nil
    }

    // MARK: Calls

    private enum Fate { case dead, dies, lives }

    /// Counts a call, and answers whether it happens.
    private static func fate(_ state: inout State) -> Fate {
        if state.isDead { return .dead }
        guard let calls = state.callsToLive else { return .lives }
        state.callsToLive = calls - 1
        if calls > 0 { return .lives }
        state.isDead = true
        return .dies
    }

    /// A call that happens whole or not at all.
    private func call(_ body: (inout State) -> Int32) -> Int32 {
        state.withLock { state in
            let fate = Self.fate(&state)
            if fate == .dead || (fate == .dies && state.random.chance(0.5)) { return -EIO }
            let code = body(&state)
            return fate == .dies ? -EIO : code
        }
    }

    private func name(_ path: String) -> String { String(path.dropFirst(self.path.utf8.count + 1)) }

    private static func write(_ state: inout State, _ file: Inode, _ offset: Int, _ bytes: [UInt8]) {
        file.pending.append(.write(offset: offset, bytes: bytes))
    }

    private static func change(_ state: inout State, _ names: [(name: String, file: Inode?)]) {
        for (name, file) in names { state.names[name] = file }
        state.pending.append(names)
    }

    private static func flushNames(_ state: inout State) {
        for change in state.pending { for (name, file) in change { state.durable[name] = file } }
        state.pending = []
    }

    var operations: FileOperations {
        var operations = FileOperations(
            create: { path in
                var descriptor = -EIO as Int32
                let code = self.call { state in
                    descriptor = FileOperations.system.create(path)
                    guard descriptor >= 0 else { return descriptor }
                    let file = Inode()
                    state.open[descriptor] = file
                    Self.change(&state, [(self.name(path), file)])
                    return 0
                }
                if code < 0 && descriptor >= 0 { close(descriptor) }
                return code < 0 ? code : descriptor
            },
            write: { descriptor, bytes, offset in
                self.state.withLock { state in
                    let fate = Self.fate(&state)
                    guard fate != .dead, let file = state.open[descriptor] else { return -Int(EIO) }
                    // A process is killed between two pages of a write; so is a write cut short for other reasons.
                    var count = bytes.count
                    if fate == .dies || state.random.chance(0.1) { count = state.random.below(bytes.count + 1) }
                    if count == 0 { return -Int(fate == .dies ? EIO : EINTR) }
                    Self.write(&state, file, Int(offset), Array(bytes[..<count]))
                    let written = UnsafeRawBufferPointer(rebasing: bytes[..<count])
                    let done = FileOperations.system.write(descriptor, written, offset)
                    return fate == .dies ? -Int(EIO) : done
                }
            },
            truncate: { descriptor, length in
                self.call { state in
                    guard let file = state.open[descriptor] else { return -EBADF }
                    file.pending.append(.truncate(Int(length)))
                    return FileOperations.system.truncate(descriptor, length)
                }
            },
            flush: { descriptor in
                self.call { state in
                    guard let file = state.open[descriptor] else { return -EBADF }
                    if state.failingFlushOneIn > 0, state.random.below(state.failingFlushOneIn) == 0 {
                        state.failedFlushes += 1
                        file.settle(&state.random, share: 0.5)
                        return -EIO
                    }
                    file.flush()
                    return 0
                }
            },
            flushFolder: { _ in
                self.call { state in
                    Self.flushNames(&state)
                    return 0
                }
            })
        operations.reopen = { path in
            self.state.withLock { state in
                guard !state.isDead else { return -EIO }
                let descriptor = open(path, O_RDWR | O_CLOEXEC)
                guard descriptor >= 0 else { return -errno }
                state.open[descriptor] = state.names[self.name(path)]
                return descriptor
            }
        }
        operations.rename = { path, to in
            self.call { state in
                Self.change(&state, [(self.name(path), nil), (self.name(to), state.names[self.name(path)])])
                return Glibc.rename(path, to) == 0 ? 0 : -errno
            }
        }
        operations.remove = { path in
            self.call { state in
                guard unlink(path) == 0 else { return -errno }
                Self.change(&state, [(self.name(path), nil)])
                return 0
            }
        }
        operations.putFile = { (path, bytes) throws(PlatformError) in try self.put(path, bytes) }
        operations.compress = { (path, to, level) throws(PlatformError) in
            let plain = try readFile(path)
            try self.put(to, try Gzip.compress(plain.span, level: level))
        }
        operations.bootName = { self.state.withLock { "boot-\($0.boots)" } }
        operations.later = { work in self.state.withLock { $0.work.append(work) } }
        return operations
    }

    /// A whole file by way of a temporary one, with every step of it a call.
    private func put(_ path: String, _ bytes: [UInt8]) throws(PlatformError) {
        let temporary = "\(self.path)/.\(name(path)).tmp"
        let operations = operations
        _ = operations.remove(temporary)
        let descriptor = operations.create(temporary)
        defer { if descriptor >= 0 { close(descriptor) } }
        var code = min(descriptor, 0)
        var done = 0
        while code >= 0 && done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { operations.write(descriptor, $0, UInt64(done)) }
            if count >= 0 { done += count } else if count != -Int(EINTR) { code = Int32(count) }
        }
        if code >= 0 { code = operations.flush(descriptor) }
        if code >= 0 { code = operations.rename(temporary, path) }
        if code >= 0 { code = operations.flushFolder(self.path) }
        if code < 0 { throw PlatformError(operation: "put", path: path, code: -code) }
    }

    // MARK: Deaths

    /// Ends the process or the machine. After a loss of power the files are what the disk has.
    func die(_ death: Death) throws {
        let files = state.withLock { state -> [String: [UInt8]]? in
            state.isDead = true
            state.lastDeath = death
            state.open = [:]
            state.work = []
            guard death == .powerLost else { return nil }
            state.boots += 1
            let share = [0, 0.1, 0.5, 0.9, 1][state.random.below(5)]
            // A journal keeps the order of names; not all file systems have one.
            let inOrder = state.random.chance(0.5)
            for change in state.pending {
                guard state.random.chance(share) else {
                    if inOrder { break }
                    continue
                }
                for (name, file) in change { state.durable[name] = file }
            }
            state.pending = []
            state.names = state.durable
            for name in state.names.keys.sorted() { state.names[name]?.settle(&state.random, share: share) }
            return state.names.mapValues(\.durable)
        }
        guard let files else { return }
        for name in try fileNames(in: path) where files[name] == nil && name != ".lock" { unlink(path + "/" + name) }
        for (name, bytes) in files { try DecisionLogTests.put(path + "/" + name, bytes) }
    }
}

/// Vigna's generator; equal seeds, equal runs.
struct SplitMix64: Sendable {
    private var word: UInt64

    init(seed: UInt64) { word = seed }

    mutating func next() -> UInt64 {
        word &+= 0x9e37_79b9_7f4a_7c15
        var z = word
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
    mutating func chance(_ share: Double) -> Bool { Double(next() >> 11) * 0x1p-53 < share }
}
