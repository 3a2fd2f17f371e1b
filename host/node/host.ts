/**
 * The real world: `nodeHost` puts together the parts of this folder. Each part is also made on its
 * own, for hosts that mix real parts with simulated ones.
 */
import type { Crc32c, Disk, Host, Logger, Net } from '../host.ts'
import { LeveledLog, LoggerLevels } from '../log-levels.ts'
import { BudgetNews } from './budget-news.ts'
import { NodeClock } from './clock.ts'
import { crc32cInJs } from './crc32c.ts'
import { NodeDisk } from './disk.ts'
import { FileSender } from './file-sender.ts'
import type { SyncMethod } from './filesystems.ts'
import { type LogOptions, nodeLog } from './log.ts'
import { NodeLoop } from './loop.ts'
import { MemoryReturn } from './memory-return.ts'
import { loadCrc32c, loadSystemCalls, type SystemCalls } from './native.ts'
import { NodeNet } from './net.ts'
import { NodeProcess } from './process.ts'
import { NodeRandom } from './random.ts'
import { ReceiveMemory } from './receive-memory.ts'
import { SEND_BYTES_MAX, SendMemory } from './send-memory.ts'
import { kernelBudgetBytes, type SocketCalls, socketCalls } from './socket-calls.ts'
import { SocketWatch } from './socket-watch.ts'
import type { ReceiveMethod } from './sockets.ts'

/** Choices of the real host; none is needed. */
export interface NodeHostOptions {
  /** System calls through koffi, where they are to be had. Default 'on'. */
  readonly native?: 'on' | 'off'
  /** CRC-32C by the native addon, where it is to be had. Default: as `native`. */
  readonly nativeCrc?: 'on' | 'off'
  /** How connections are read. Default: the best this runtime offers. */
  readonly receive?: ReceiveMethod
  /** Bytes of received frames that may be held unreleased. Default 256 MiB, at least 4.1 MiB. */
  readonly receiveBytesMax?: number
  /**
   * While that memory is spent, a peer that sends nothing for so long in the middle of a frame is
   * dropped. Default 5,000.
   */
  readonly receiveStallMs?: number
  /** Bytes of replies that peers may leave unread, of all connections. Default 64 MiB. */
  readonly sendBytesMax?: number
  /**
   * Kernel memory for sockets whose peers do not proceed. Default: an eighth of what the kernel
   * allows for all TCP sockets.
   */
  readonly kernelBytesMax?: number
  /** How a commit round syncs. Default 'auto': by what each way was last seen to cost. */
  readonly syncMethod?: SyncMethod
  /** Where the log goes, unless a `logger` is given. */
  readonly log?: LogOptions
  readonly logger?: Logger
  /** Gets what a spawned promise failed with. Default: thrown, which ends the process. */
  readonly onBug?: (error: Error) => void
}

const RECEIVE_BYTES_MAX = 256 << 20
const RECEIVE_STALL_MS = 5_000
/** The kernel counts its socket memory in these. */
const PAGE_BYTES = 4096

/** The real host, with the memories that its connections share. */
export interface NodeHost extends Host {
  readonly memory: ReceiveMemory
  readonly sendMemory: SendMemory
}

/** All parts real. Native libraries load when first needed, buffers are pooled per process. */
export function nodeHost(options: NodeHostOptions = {}): NodeHost {
  const loop = new NodeLoop(options.onBug)
  const news = new BudgetNews()
  const memory = receiveMemory(options, news)
  const sendMemory = new SendMemory(options.sendBytesMax ?? SEND_BYTES_MAX, news)
  // A logger that somebody brings decides for itself, unless it is told otherwise later.
  const logLevels = new LoggerLevels(options.logger ? 'trace' : (options.log?.level ?? 'info'))
  return {
    loop,
    memory,
    sendMemory,
    clock: new NodeClock(),
    random: new NodeRandom(),
    net: nodeNet(loop, options, memory, news, sendMemory),
    disk: nodeDisk(options),
    process: new NodeProcess(() => nativeParts(options)),
    log: new LeveledLog(options.logger ?? nodeLog(options.log), logLevels),
    logLevels,
    crc32c: nodeCrc32c(options),
  }
}

/** The machine's network; connections write at the end of `loop`'s turns. */
export function nodeNet(
  loop: NodeLoop,
  options: NodeHostOptions = {},
  memory = receiveMemory(options, null),
  news = new BudgetNews(),
  sendMemory = new SendMemory(options.sendBytesMax ?? SEND_BYTES_MAX, news),
): Net {
  const calls = systemCalls(options)
  let onSockets: SocketCalls | null | undefined
  const watch = new SocketWatch(
    () => (onSockets ??= socketCalls(calls())),
    options.kernelBytesMax ?? kernelBudgetBytes(PAGE_BYTES),
    news,
  )
  let fileSender: FileSender | null | undefined
  return new NodeNet({
    loop,
    memory,
    news,
    watch,
    calls,
    memoryReturn: new MemoryReturn(
      () => process.memoryUsage(),
      async () => calls()?.mallocTrim?.(),
    ),
    sendMemory,
    receive: options.receive ?? null,
    get fileSender() {
      if (fileSender === undefined) fileSender = makeFileSender(calls())
      return fileSender
    },
    onListening() {
      // What the first connections would wait for is loaded once nothing waits.
      setImmediate(() => nativeParts(options))
    },
  })
}

/** The machine's disks. */
export function nodeDisk(options: NodeHostOptions = {}): Disk {
  return new NodeDisk(systemCalls(options), options.syncMethod ?? 'auto')
}

/** The fastest CRC-32C to be had. */
export function nodeCrc32c(options: NodeHostOptions = {}): Crc32c {
  if ((options.nativeCrc ?? options.native) === 'off') return crc32cInJs
  let native: Crc32c | undefined
  return (bytes, seed = 0) => {
    native ??= loadCrc32c() ?? crc32cInJs
    return native(bytes, seed)
  }
}

function receiveMemory(options: NodeHostOptions, news: BudgetNews | null): ReceiveMemory {
  const { receiveBytesMax = RECEIVE_BYTES_MAX, receiveStallMs = RECEIVE_STALL_MS } = options
  return new ReceiveMemory(receiveBytesMax, receiveStallMs, news)
}

function systemCalls(options: NodeHostOptions): () => SystemCalls | null {
  return options.native === 'off' ? () => null : loadSystemCalls
}

function makeFileSender(calls: SystemCalls | null): FileSender | null {
  return calls?.sendfile ? new FileSender(calls.sendfile, calls.errno) : null
}

/** Names of the native parts in use, loading them where that has not happened yet. */
function nativeParts(options: NodeHostOptions): string[] {
  const calls = systemCalls(options)()
  const parts: [string, unknown][] = [
    ['onread', options.receive !== 'data'],
    ['sendfile', calls?.sendfile],
    ['setsockopt', calls?.setsockopt],
    ['poll', calls?.poll],
    ['meminfo', calls?.getsockopt],
    ['malloc_trim', calls?.mallocTrim],
    ['syncfs', calls?.syncfs],
    ['cachestat', calls?.cachestat],
    ['fadvise', calls?.dontNeed],
    ['preadv2', calls?.preadNow],
    ['ofd-lock', calls?.ofdLock],
    ['crc32c', (options.nativeCrc ?? options.native) !== 'off' && loadCrc32c()],
  ]
  return parts.filter(([, part]) => Boolean(part)).map(([name]) => name)
}
