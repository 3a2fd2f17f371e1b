/**
 * The world, behind interfaces: everything that touches clock, timers, randomness, network, disk
 * or process goes through a `Host`. Types only. Each part is chosen on its own: all real is
 * production, all simulated and seeded is the simulator, a real network with a virtual clock and
 * a memory disk is what a user's test wants (architecture D5).
 */
export interface Host {
  readonly loop: Loop
  readonly clock: Clock
  readonly random: Random
  readonly net: Net
  readonly disk: Disk
  readonly process: HostProcess
  readonly log: Logger
  /** What `log` and its children write; may be changed at any time. */
  readonly logLevels: LogLevels
  /** CRC-32C (Castagnoli), the fastest this host has. Pure. */
  readonly crc32c: Crc32c
}

/** CRC-32C of `bytes`, continued from `seed` (the checksum of what came before; 0 to begin). */
export type Crc32c = (bytes: Uint8Array, seed?: number) => number

// ---------------------------------------------------------------------------------- loop and time

export interface Loop {
  /**
   * Runs `task` once, after every socket that is ready now has been read. First in, first out; a
   * task queued while tasks run joins the same drain. Connections write what was sent to them
   * after the last task of the drain, one system call each.
   */
  afterTurn(task: () => void): void
  /** Resolves in a later turn: sockets are read in between. For long work cut into slices. */
  nextTurn(): Promise<void>
  /** Adopts a promise nobody awaits. Its rejection is a bug: it ends the process (or the test). */
  spawn(name: string, promise: Promise<unknown>): void
}

export interface Clock {
  /** Milliseconds since 1970, an integer. May jump; for timestamps and retention only. */
  nowMs(): number
  /** Milliseconds from an arbitrary start, fractional, never going back. For every timer. */
  monotonicMs(): number
  /**
   * Runs `task` once, `delayMs` (monotonic, taken as 0 if negative) from now. Does not keep the
   * process alive. `kind` matters only to a clock that leaps over hours for a test.
   */
  schedule(delayMs: number, task: () => void, kind?: TimerKind): Timer
}

/**
 * What a timer is for:
 *
 *   event   (default) something that clients can observe, in its order among the others
 *   client  what a client must do by then: heartbeat, join, sync
 *   poll    the end of a client's long poll
 *   upkeep  periodic work whose repetition makes no difference: checkpoints, sweeps, retention
 */
export type TimerKind = 'event' | 'client' | 'poll' | 'upkeep'

export interface Timer {
  /** Idempotent; a cancelled task never runs. */
  cancel(): void
}

export interface Random {
  /** Uniform in [0, 1). */
  float(): number
  /** Uniform integer in [0, bound). */
  below(bound: number): number
  /** Fresh unpredictable bytes (seeded in a simulation); the caller owns them. */
  bytes(size: number): Buffer
}

// ----------------------------------------------------------------------------------------- network

export interface Net {
  /**
   * Listens; `accept` is called for each connection and returns its handler. Rejects with an Error
   * whose `code` is the system's (EADDRINUSE, EACCES, EADDRNOTAVAIL). Port 0 picks a free one.
   */
  listen(
    options: ListenOptions,
    accept: (connection: Connection) => ConnectionHandler,
  ): Promise<Listener>
  /** Connects; frames that arrive go to `handler`. Rejects like `listen` (ECONNREFUSED, ...). */
  connect(options: ConnectOptions, handler: ConnectionHandler): Promise<Connection>
  /**
   * Tells when connections begin to be closed because a memory that all of them share is spent, in
   * one sentence, and when that is over (null). Returns what ends the subscription.
   */
  onBudget(listener: (budget: string, message: string | null) => void): () => void
}

export interface ListenOptions {
  readonly host: string
  readonly port: number
  /** Connections the kernel may hold before they are accepted. Default 4096. */
  readonly backlog?: number
  /** Open connections above which a new one is closed at once. Default: no limit. */
  readonly connectionsMax?: number
  /** The same, for each remote address. Default: no limit. */
  readonly connectionsPerAddressMax?: number
}

export interface ConnectOptions {
  readonly host: string
  readonly port: number
  readonly timeoutMs: number
  readonly localAddress?: string
}

export interface Listener {
  readonly host: string
  /** The port really bound. */
  readonly port: number
  readonly connections: ReadonlySet<Connection>
  /** Connections closed at once because of a limit, since start. */
  readonly refusedCount: number
  /** Stops accepting; open connections stay. Idempotent. */
  close(): Promise<void>
}

/** A frame: 4 bytes of length (big-endian, not counting themselves), then that many bytes. */
export interface Frame {
  /**
   * A pooled buffer that holds the frame without its length, contiguous, from `start` to `end`
   * (exclusive). Valid until the last `release`; that range may be written to (batches are stamped
   * in place).
   */
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
  /** The same range as a view, made when it is asked for. */
  readonly bytes: Buffer
  retain(): void
  /** Gives one reference back. A frame is delivered holding one, which its receiver owns. */
  release(): void
}

export interface ConnectionHandler {
  /**
   * The largest frame acceptable now, in bytes, asked once a frame when its length and its first
   * two bytes (`head`, a signed int16: for requests the API key) have landed. A frame that claims
   * more destroys the connection with a `FrameTooLarge` reason, and nothing is allocated for it.
   */
  frameBytesMax(head: number): number
  /** One whole frame, in order. Called synchronously in the turn in which its last byte landed. */
  onFrame(frame: Frame): void
  /** The other side will send no more (it may still read). Frames before it were delivered. */
  onEnd(): void
  /**
   * The other side will send no more, as it is known while the connection is paused: frames that
   * wait for `resume`, and `onEnd` behind them, are still to come. Called once at most; may never
   * be called.
   */
  onEndAhead?(): void
  /** The peer took what was queued: `queuedBytes` fell to 0 after it had been above 0. */
  onDrain(): void
  /** Exactly once, last. `reason` is null for an orderly end. */
  onClose(reason: Error | null): void
}

export interface Connection {
  /** Unique in this host, ascending. */
  readonly id: number
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  readonly isOpen: boolean
  /** Bytes handed to `send` and not yet taken by the kernel. */
  readonly queuedBytes: number
  /**
   * The memory for unread replies of all connections runs short, and this connection's peer leaves
   * some of them unread: nothing more should be sent before `onDrain`.
   */
  readonly isBackedUp: boolean
  /**
   * Queues pieces, leaving in order and together with everything else queued in this turn. The
   * caller writes whole frames, lengths included. Array and buffers must stay unchanged until
   * `done`, which is called once: all pieces were taken by the kernel, or (with an error) the
   * connection closed.
   * The host retains each FileRange's file until then.
   */
  send(pieces: readonly Piece[], done?: (error: Error | null) => void): void
  /** Back-pressure: no further frames are delivered (at most one more buffer is read). */
  pause(): void
  resume(): void
  /** Sends what is queued, then closes. */
  end(): void
  /** Closes at once; what is queued is dropped. */
  destroy(reason?: Error): void
}

export type Piece = Buffer | FileRange

/** Bytes of a file, read when they are sent. */
export interface FileRange {
  readonly file: File
  readonly position: number
  readonly sizeBytes: number
}

// -------------------------------------------------------------------------------------------- disk

/**
 * The durability contract: what survives a power cut. Bytes written survive after the file's `sync`
 * (or a `syncAll` naming it); a created, renamed or removed name survives after `syncFolder` of its
 * folder (or a `syncAll` naming it). A failed sync is final for that file: its bytes may be lost
 * although a later sync succeeds. Synchronous calls return once the page cache has it. All throw or
 * reject `DiskError`. Paths use '/'.
 */
export interface Disk {
  /** 'read': must exist. 'write': must exist, for reading and writing. 'create': made if absent. */
  open(path: string, mode: 'read' | 'write' | 'create'): File
  stat(path: string): FileStat | null
  /** Names in a folder, in ascending order. */
  list(folder: string): FolderEntry[]
  /** With parents; nothing if it exists. */
  makeFolder(path: string): void
  /** Replaces `to` atomically if it is a file. */
  rename(from: string, to: string): void
  /** A file, or a folder with all in it; nothing if absent. */
  remove(path: string): void
  /** The same off the loop: freeing the blocks of a large file takes its time. */
  removeLater(path: string): Promise<void>
  readFile(path: string): Buffer
  syncFolder(path: string): Promise<void>
  /**
   * One commit round: on resolution the bytes written to each file, and the names in each folder,
   * before the call are on disk. ENOENT for a folder is told only if nothing else failed.
   */
  syncAll(files: readonly File[], folders?: readonly string[]): Promise<void>
  /** Exclusive among processes (Kafka's included) and brokers; throws DiskError 'LOCKED'. */
  lockFolder(path: string): FolderLock
  /** Bytes that may still be written to the volume of `path`. */
  freeBytes(path: string): number
  /** The size of the volume of `path`, in bytes. */
  totalBytes(path: string): number
}

export interface FolderEntry {
  readonly name: string
  readonly isFolder: boolean
}

export interface FileStat {
  readonly sizeBytes: number
  readonly modifiedMs: number
  readonly isFolder: boolean
}

export interface FolderLock {
  release(): void
}

export interface File {
  readonly path: string
  readonly sizeBytes: number
  /**
   * Writes the buffers one after another at `position`, now. Returns the bytes written: fewer than
   * asked when the disk filled up on the way. The buffers may be reused on return.
   */
  writev(buffers: readonly Uint8Array[], position: number): number
  /**
   * Reads into `target` now, from page cache or disk: all of it, or `sizeBytes` from `at` on.
   * Returns bytes read (0 at the end).
   */
  read(target: Uint8Array, position: number, at?: number, sizeBytes?: number): number
  /** The same off the loop, for what is not cached. */
  readLater(target: Uint8Array, position: number): Promise<number>
  /** Whether a read of this range would not wait for the disk. May err to true. */
  isCached(position: number, sizeBytes: number): boolean
  /**
   * Advice: what of this range is on disk need not stay in the page cache. Resolves once it was
   * taken, off the loop, or could not be; changes no answer.
   */
  uncache(position: number, sizeBytes: number): Promise<void>
  truncate(sizeBytes: number): void
  /** Data and size, off the loop. */
  sync(): Promise<void>
  /** Keeps the descriptor open past `close`, until `release`. */
  retain(): void
  release(): void
  /** Closes when nothing retains it. Idempotent. */
  close(): void
}

// ----------------------------------------------------------------------------------- process, log

export interface HostProcess {
  readonly pid: number
  readonly platform: string
  readonly runtimeVersion: string
  /** Native parts in use, for the start-up line: 'onread', 'sendfile', 'syncfs', 'crc32c', ... */
  readonly nativeParts: readonly string[]
  /** The machine's memory, or the part of it that this process may use; Infinity: not known. */
  readonly memoryBytes: number
  residentBytes(): number
  cpuMicros(): number
}

/** pino's shape. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  fatal(fields: object, message: string): void
  child(fields: object): Logger
}

/** From the most talkative level on; 'silent' writes nothing. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

/** The least severe level that each logger of a process writes. */
export interface LogLevels {
  /** Every logger and its level, `root` first. */
  all(): ReadonlyMap<string, LogLevel>
  has(name: string): boolean
  /** `name` is a known logger. */
  set(name: string, level: LogLevel): void
  /** Gives a logger the level of `root` again; `name` is a known logger other than `root`. */
  reset(name: string): void
}
