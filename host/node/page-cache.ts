import type { SystemCalls } from './native.ts'

/** Reading ahead is done by the kernel in steps of this size: one probe in each will do. */
const PROBE_STEP_BYTES = 128 << 10
const PROBES_MAX = 16
const EAGAIN = 11

/** What of files lies in memory, asked and advised. */
export class PageCache {
  readonly #residency: Residency
  readonly #dontNeed: SystemCalls['dontNeed']

  constructor(residency: Residency, dontNeed: SystemCalls['dontNeed']) {
    this.#residency = residency
    this.#dontNeed = dontNeed
  }

  /** Whether a range can be read without waiting for the disk. May err to true; `sizeBytes` > 0. */
  holds(fd: number, position: number, sizeBytes: number): boolean {
    return this.#residency.holds(fd, position, sizeBytes)
  }

  /**
   * Resolves once what of a range is on disk was dropped, where this system does that. The
   * descriptor must stay open until then.
   */
  async drop(fd: number, position: number, sizeBytes: number): Promise<void> {
    await this.#dontNeed?.(fd, position, sizeBytes)
  }
}

/** The page cache as far as this kernel tells of it; null where there are no system calls. */
export function pageCache(calls: SystemCalls | null): PageCache | null {
  if (calls === null) return null
  const probed = calls.preadNow === null ? ASSUMED : new ProbedPages(calls.preadNow, calls.errno)
  const { cachestat, pageBytes, dontNeed } = calls
  const residency = cachestat === null ? probed : new CachestatPages(cachestat, pageBytes, probed)
  return new PageCache(residency, dontNeed)
}

interface Residency {
  holds(fd: number, position: number, sizeBytes: number): boolean
}

/** Where nobody can be asked, everything counts as cached. */
const ASSUMED: Residency = { holds: () => true }

/** cachestat(2), Linux 6.5: counts the pages present, reads nothing. */
class CachestatPages implements Residency {
  readonly #cachestat: NonNullable<SystemCalls['cachestat']>
  readonly #pageBytes: number
  readonly #fallback: Residency
  /** struct cachestat_range { u64 off, len } and struct cachestat { u64 nr_cache, ... }. */
  readonly #range = Buffer.alloc(16)
  readonly #result = Buffer.alloc(40)

  constructor(
    cachestat: NonNullable<SystemCalls['cachestat']>,
    pageBytes: number,
    fallback: Residency,
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
      return this.#fallback.holds(fd, position, sizeBytes)
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
class ProbedPages implements Residency {
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
