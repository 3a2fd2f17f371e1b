import type { SystemCalls } from './native.ts'

/** Reading ahead is done by the kernel in steps of this size: one probe in each will do. */
const PROBE_STEP_BYTES = 128 << 10
const PROBES_MAX = 16
const EAGAIN = 11

/** Answers whether a range of a file can be read without waiting for the disk. */
export interface PageCache {
  /** May err to true. `sizeBytes` > 0. */
  holds(fd: number, position: number, sizeBytes: number): boolean
}

/** The best way to ask this kernel, or null where there is none (everything counts as cached). */
export function pageCache(calls: SystemCalls | null): PageCache | null {
  if (calls?.cachestat) return new CachestatPages(calls.cachestat, calls.pageBytes, probing(calls))
  return calls === null ? null : probing(calls)
}

function probing(calls: SystemCalls): PageCache | null {
  return calls.preadNow === null ? null : new ProbedPages(calls.preadNow, calls.errno)
}

/** cachestat(2), Linux 6.5: counts the pages present, reads nothing. */
class CachestatPages implements PageCache {
  readonly #cachestat: NonNullable<SystemCalls['cachestat']>
  readonly #pageBytes: number
  readonly #fallback: PageCache | null
  /** struct cachestat_range { u64 off, len } and struct cachestat { u64 nr_cache, ... }. */
  readonly #range = Buffer.alloc(16)
  readonly #result = Buffer.alloc(40)

  constructor(
    cachestat: NonNullable<SystemCalls['cachestat']>,
    pageBytes: number,
    fallback: PageCache | null,
  ) {
    this.#cachestat = cachestat
    this.#pageBytes = pageBytes
    this.#fallback = fallback
  }

  holds(fd: number, position: number, sizeBytes: number): boolean {
    this.#put(0, position)
    this.#put(8, sizeBytes)
    if (Number(this.#cachestat(fd, this.#range, this.#result)) !== 0) {
      // Not allowed for files of others since 6.14, not supported on some filesystems.
      return this.#fallback?.holds(fd, position, sizeBytes) ?? true
    }
    const firstPage = Math.floor(position / this.#pageBytes)
    const lastPage = Math.floor((position + sizeBytes - 1) / this.#pageBytes)
    return this.#result.readUInt32LE(0) >= lastPage - firstPage + 1
  }

  #put(at: number, value: number): void {
    this.#range.writeUInt32LE(value % 2 ** 32, at)
    this.#range.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4)
  }
}

/** preadv2(2) with RWF_NOWAIT: reads a byte here and there, unless it would wait. */
class ProbedPages implements PageCache {
  readonly #preadNow: NonNullable<SystemCalls['preadNow']>
  readonly #errno: () => number

  constructor(preadNow: NonNullable<SystemCalls['preadNow']>, errno: () => number) {
    this.#preadNow = preadNow
    this.#errno = errno
  }

  holds(fd: number, position: number, sizeBytes: number): boolean {
    const step = Math.max(PROBE_STEP_BYTES, Math.ceil(sizeBytes / PROBES_MAX))
    for (let at = 0; at < sizeBytes; at += step) {
      if (this.#wouldWait(fd, position + at)) return false
    }
    return !this.#wouldWait(fd, position + sizeBytes - 1)
  }

  #wouldWait(fd: number, position: number): boolean {
    return this.#preadNow(fd, position) < 0 && this.#errno() === EAGAIN
  }
}
