/**
 * Looks after connections that nothing is read from (paused) or whose peer leaves replies unread
 * (stuck): the event loop tells nothing about them.
 *
 * A paused connection's peer may leave. With poll(2) that is seen; without, the connection reads
 * one small buffer now and then, until it keeps some, so that it comes upon the end. And bytes wait
 * in the kernel's socket buffers: with getsockopt(SO_MEMINFO) their memory is known, and kept below
 * an eighth of what the kernel allows for all TCP sockets, by closing the largest holders among
 * those that made no progress since the round before.
 *
 * A round visits all of them once every `ROUND_MS`, `SLICE` at a time: four thousand cost no
 * request a delay.
 *
 * Invariant: `#kernelBytes` is the sum of `kernelBytes` of all entries.
 */
import type { BudgetNews } from './budget-news.ts'
import type { SocketCalls } from './socket-calls.ts'

/** A connection as the watch sees it. */
export interface WatchedConnection {
  /** -1: it is closed. */
  readonly descriptor: number
  readonly isPaused: boolean
  /** Changes as bytes are read from it or written to it. */
  readonly movedBytes: number
  /** Reads one small buffer although it is paused. */
  probe(): void
  /** The peer will send no more. */
  peerEnded(): void
  /** The peer is gone. */
  peerVanished(): void
  abandon(reason: Error): void
}

interface Entry {
  kernelBytes: number
  movedBytes: number
  isStill: boolean
  hasEnded: boolean
}

/** Closing a connection takes its time: this many at once keep nobody waiting. */
const CLOSED_A_ROUND_MAX = 200
const ROUND_MS = 1_000
const SLICE = 200
const STEP_MS = 50
const SLICES_MAX_A_STEP = 5

export class SocketWatch {
  readonly #calls: () => SocketCalls | null
  readonly #news: BudgetNews | null
  readonly #entries = new Map<WatchedConnection, Entry>()
  #budgetBytes: number
  #kernelBytes = 0
  #round: WatchedConnection[] = []
  #roundBeganMs = 0
  #timer: NodeJS.Timeout | null = null

  /** `budgetBytes`: of kernel memory; Infinity: no limit. */
  constructor(
    calls: () => SocketCalls | null,
    budgetBytes: number,
    news: BudgetNews | null = null,
  ) {
    this.#calls = calls
    this.#budgetBytes = budgetBytes
    this.#news = news
  }

  /** Kernel memory of the sockets that are watched, as last measured. */
  get kernelBytes(): number {
    return this.#kernelBytes
  }

  add(connection: WatchedConnection): void {
    if (this.#entries.has(connection)) return
    const { movedBytes } = connection
    this.#entries.set(connection, { kernelBytes: 0, movedBytes, isStill: false, hasEnded: false })
    this.#timer ??= setInterval(() => this.step(performance.now()), STEP_MS).unref()
  }

  remove(connection: WatchedConnection): void {
    const entry = this.#entries.get(connection)
    if (entry === undefined) return
    this.#kernelBytes -= entry.kernelBytes
    this.#entries.delete(connection)
  }

  /** One step of a round; `nowMs` is monotonic. */
  step(nowMs: number): void {
    if (this.#round.length === 0) {
      if (nowMs - this.#roundBeganMs < ROUND_MS) return
      this.#roundBeganMs = nowMs
      this.#keepBudget()
      this.#round = [...this.#entries.keys()]
      if (this.#round.length === 0) this.#rest()
    }
    for (let count = 0; count < SLICES_MAX_A_STEP && this.#round.length > 0; count++) {
      this.#visit(this.#round.splice(-SLICE))
    }
  }

  #rest(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  #visit(slice: readonly WatchedConnection[]): void {
    const calls = this.#calls()
    const live = slice.filter(each => this.#entries.has(each) && each.descriptor >= 0)
    if (calls?.socketMemory) for (const each of live) this.#measure(each, calls.socketMemory)
    if (!calls?.pollPeers) {
      for (const each of live) if (each.isPaused) each.probe()
      return
    }
    const states = calls.pollPeers(live.map(each => each.descriptor))
    for (const [index, each] of live.entries()) {
      const entry = this.#entries.get(each)
      if (entry === undefined) continue
      if (states[index] === 'vanished') each.peerVanished()
      else if (states[index] === 'ended' && each.isPaused && !entry.hasEnded) {
        entry.hasEnded = true
        each.peerEnded()
      }
    }
  }

  #measure(
    connection: WatchedConnection,
    socketMemory: NonNullable<SocketCalls['socketMemory']>,
  ): void {
    const entry = this.#entries.get(connection) as Entry
    const { movedBytes } = connection
    const kernelBytes = socketMemory(connection.descriptor)
    this.#kernelBytes += kernelBytes - entry.kernelBytes
    entry.isStill = movedBytes === entry.movedBytes
    entry.movedBytes = movedBytes
    entry.kernelBytes = kernelBytes
  }

  #keepBudget(): void {
    if (this.#kernelBytes <= this.#budgetBytes) return
    const still = [...this.#entries].filter(
      ([, { isStill, kernelBytes }]) => isStill && kernelBytes,
    )
    still.sort(([, a], [, b]) => b.kernelBytes - a.kernelBytes)
    for (const [connection] of still.slice(0, CLOSED_A_ROUND_MAX)) {
      if (this.#kernelBytes <= this.#budgetBytes) return
      const what = 'a connection that neither takes nor is given bytes was closed'
      this.#news?.closed('socket buffers', `${what}: kernel memory for sockets is spent`)
      connection.abandon(new Error('it stands still while kernel memory for sockets is spent'))
    }
  }
}
