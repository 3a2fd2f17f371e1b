/**
 * The native parts, all optional: koffi (system calls that Node lacks) and @node-rs/crc32. This
 * module alone loads them, when first asked for, once per process; each part is tried with a call
 * whose answer is known before it is believed in.
 */
import { createRequire } from 'node:module'
import { release } from 'node:os'
import type { Crc32c } from '../host.ts'
import { crc32cInJs } from './crc32c.ts'

type Call = (...args: unknown[]) => number

/** System calls by koffi: -1 is a failure, `errno()` then tells why. Null: not to be had. */
export interface SystemCalls {
  errno(): number
  /** (socket, file, position as an 8-byte buffer or null, bytes): bytes sent. */
  readonly sendfile: Call | null
  /** Resolves to 0, or the errno. */
  readonly syncfs: ((fd: number) => Promise<number>) | null
  /** posix_fadvise(2), POSIX_FADV_DONTNEED, off the loop; what comes of it is nobody's business. */
  readonly dontNeed: ((fd: number, position: number, sizeBytes: number) => Promise<void>) | null
  /** (fd, range, result): 0. */
  readonly cachestat: Call | null
  /** (fd, iovec, count, position, flags): bytes read. */
  readonly preadNow: ((fd: number, position: number) => number) | null
  /** (fd, struct flock): 0. Open file description locks, exclusive of Java's. */
  readonly ofdLock: ((fd: number, lock: Buffer) => number) | null
  readonly dup: Call | null
  /** (socket, level, option, value, size of the value): 0. */
  readonly setsockopt: Call | null
  /** (socket, level, option, value, size of the value as a 4-byte buffer): 0. */
  readonly getsockopt: Call | null
  /** (array of struct pollfd, count, timeout in ms): descriptors with events. */
  readonly poll: Call | null
  /** malloc_trim(3), off the loop: gives freed memory back to the machine. */
  readonly mallocTrim: (() => Promise<void>) | null
  readonly pageBytes: number
}

const F_OFD_SETLK = 37
const RWF_NOWAIT = 8
const SYS_CACHESTAT = 451
const EBADF = 9
const POSIX_FADV_DONTNEED = 4

let systemCalls: SystemCalls | null | undefined
let crc32cNative: Crc32c | null | undefined

/** The system calls, or null where koffi or Linux is not to be had. */
export function loadSystemCalls(): SystemCalls | null {
  if (systemCalls === undefined) systemCalls = tryTo(bindSystemCalls)
  return systemCalls
}

/** The native CRC-32C, or null where it is not to be had or gives wrong answers. */
export function loadCrc32c(): Crc32c | null {
  if (crc32cNative === undefined) crc32cNative = tryTo(bindCrc32c)
  return crc32cNative
}

function bindSystemCalls(): SystemCalls | null {
  if (process.platform !== 'linux') return null
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
  const libc = koffi.load(null)
  const errno = () => koffi.errno()
  const bind = (declaration: string) => tryTo(() => libc.func(declaration))
  const believed = <F>(call: F | null, probe: (call: F) => unknown): F | null => {
    if (call === null) return null
    return tryTo(() => probe(call)) === -1 && errno() === EBADF ? call : null
  }
  const sendfile = bind('int64_t sendfile(int, int, void *, uint64_t)')
  const syncfs = hasHonestSyncfs() ? bind('int syncfs(int)') : null
  const fadvise = bind('int posix_fadvise(int, int64_t, int64_t, int)')
  const syscall = bind('int64_t syscall(int64_t, int, void *, void *, uint)')
  const preadv2 = bind('int64_t preadv2(int, void *, int, int64_t, int)')
  const fcntl = bind('int fcntl(int, int, void *)')
  const dup = bind('int dup(int)')
  const setsockopt = bind('int setsockopt(int, int, int, void *, uint)')
  const getsockopt = bind('int getsockopt(int, int, int, void *, void *)')
  const poll = bind('int poll(void *, uint64_t, int)')
  const mallocTrim = bind('int malloc_trim(uint64_t)')
  const getpagesize = bind('int getpagesize()')
  const cachestat =
    syscall &&
    ((fd: number, range: Buffer, out: Buffer) => syscall(SYS_CACHESTAT, fd, range, out, 0))
  const iovec = Buffer.alloc(16)
  const oneByte = Buffer.alloc(1)
  iovec.writeBigUInt64LE(koffi.address(oneByte), 0)
  iovec.writeBigUInt64LE(1n, 8)
  const preadNow =
    preadv2 && ((fd: number, at: number) => Number(preadv2(fd, iovec, 1, at, RWF_NOWAIT)))
  const ofdLock = fcntl && ((fd: number, lock: Buffer) => Number(fcntl(fd, F_OFD_SETLK, lock)))
  // Referenced here so that the byte the kernel writes to lives as long as the calls.
  const keep = () => oneByte
  return {
    errno,
    sendfile: believed(sendfile, call => call(-1, -1, null, 1)) as Call | null,
    syncfs: believed(syncfs, call => call(-1)) && asynchronously(syncfs as AsyncCall, errno),
    dontNeed: tryTo(() => bindDontNeed(fadvise as unknown as AdviceCall | null)),
    cachestat: believed(cachestat, call => call(-1, Buffer.alloc(16), Buffer.alloc(40))) as Call,
    preadNow: believed(preadNow, call => keep() && call(-1, 0)),
    ofdLock: believed(ofdLock, call => call(-1, Buffer.alloc(32))),
    dup: believed(dup, call => call(-1)) as Call | null,
    setsockopt: believed(setsockopt, call => call(-1, 0, 0, null, 0)) as Call | null,
    getsockopt: believed(getsockopt, call => call(-1, 0, 0, null, null)) as Call | null,
    poll: poll !== null && Number(poll(null, 0, 0)) === 0 ? (poll as unknown as Call) : null,
    mallocTrim: bindTrim(mallocTrim as unknown as TrimCall | null),
    pageBytes: getpagesize === null ? 4096 : Number(getpagesize()),
  }
}

interface AsyncCall {
  async(fd: number, done: (error: unknown, result: number) => void): void
}

/** koffi restores errno for the callback of an asynchronous call. */
function asynchronously(call: AsyncCall, errno: () => number): (fd: number) => Promise<number> {
  return fd =>
    new Promise((resolve, reject) => {
      call.async(fd, (error, result) => {
        if (error) reject(error)
        else resolve(result === 0 ? 0 : errno())
      })
    })
}

interface AdviceCall {
  (fd: number, position: number, sizeBytes: number, advice: number): number
  async(fd: number, position: number, sizeBytes: number, advice: number, done: () => void): void
}

/** This call returns its errno. */
function bindDontNeed(fadvise: AdviceCall | null): SystemCalls['dontNeed'] {
  if (fadvise?.(-1, 0, 0, POSIX_FADV_DONTNEED) !== EBADF) return null
  return (fd, position, sizeBytes) =>
    new Promise(done => fadvise.async(fd, position, sizeBytes, POSIX_FADV_DONTNEED, () => done()))
}

interface TrimCall {
  async(keepBytes: number, done: () => void): void
}

function bindTrim(trim: TrimCall | null): SystemCalls['mallocTrim'] {
  if (trim === null) return null
  return () => new Promise(done => trim.async(0, () => done()))
}

/** Before 5.8 syncfs(2) succeeded whatever happened to the data. */
function hasHonestSyncfs(): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number)
  return major > 5 || (major === 5 && minor >= 8)
}

function bindCrc32c(): Crc32c | null {
  const addon = createRequire(import.meta.url)('@node-rs/crc32') as typeof import('@node-rs/crc32')
  const native = addon.crc32c as (bytes: Uint8Array, seed?: number) => number
  const probe = Buffer.from('123456789 and then some, to pass the first sixteen bytes')
  const seed = native(probe)
  if (seed !== crc32cInJs(probe) || native(probe, seed) !== crc32cInJs(probe, seed)) return null
  return native
}

/** Null where a native part throws: absent package, wrong platform, missing symbol. */
function tryTo<T>(bind: () => T): T | null {
  try {
    return bind()
  } catch {
    return null
  }
}
