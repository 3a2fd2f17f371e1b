/**
 * Where each leader epoch starts in one log (KIP-101), kept in `leader-epoch-checkpoint`.
 *
 * Invariants:
 *   (1) Epochs and start offsets both strictly ascend.
 *   (2) The file is loaded when first asked for, and written in the call that changes it; it is
 *       durable once `takeUnsynced` was synced, which the next commit round does.
 *
 * Crash story: what the file lacks is in the batches: recovery assigns the epochs of all it scans.
 * A file torn by a power cut does not parse; the caller is told and makes it again from the log.
 */
import type { Disk } from '../host/host.ts'
import {
  formatCheckpoint,
  parseCheckpoint,
  parseWhole,
  readTextFile,
  replaceFile,
} from './checkpoint.ts'
import type { EpochEnd } from './log-read.ts'
import { LEADER_EPOCH_FILE } from './names.ts'
import { type LeaderEpoch, NO_EPOCH, type Offset } from './units.ts'

export interface EpochStart {
  readonly leaderEpoch: LeaderEpoch
  readonly startOffset: Offset
}

export class LeaderEpochs {
  readonly #disk: Disk
  readonly path: string
  #starts: EpochStart[] | null = null
  #isUnsynced = false
  /** Asked for the starts when the file is malformed. */
  readonly #rebuild: () => EpochStart[]

  constructor(disk: Disk, folder: string, rebuild: () => EpochStart[]) {
    this.#disk = disk
    this.path = `${folder}/${LEADER_EPOCH_FILE}`
    this.#rebuild = rebuild
  }

  get starts(): readonly EpochStart[] {
    return this.#loaded()
  }

  /** Whether there is a file that says anything. */
  get isWritten(): boolean {
    return this.#loaded().length > 0
  }

  /** -1 when there is none. */
  get latest(): LeaderEpoch {
    const starts = this.#starts ?? this.#loaded()
    const last = starts.length - 1
    return last < 0 ? NO_EPOCH : (starts[last] as EpochStart).leaderEpoch
  }

  /** Epoch `leaderEpoch` starts at `startOffset`; later claims of older entries are dropped. */
  assign(leaderEpoch: LeaderEpoch, startOffset: Offset): void {
    if (leaderEpoch < 0) return
    const starts = this.#loaded()
    const last = starts.at(-1)
    if (last?.leaderEpoch === leaderEpoch && startOffset >= last.startOffset) return
    let kept = starts.length
    while (kept > 0) {
      const entry = starts[kept - 1] as EpochStart
      if (entry.leaderEpoch < leaderEpoch && entry.startOffset < startOffset) break
      kept--
    }
    this.#replace([...starts.slice(0, kept), { leaderEpoch, startOffset }])
  }

  /** OffsetForLeaderEpoch (KIP-101, KIP-320). */
  endOffsetFor(requested: LeaderEpoch, logEndOffset: Offset): EpochEnd | null {
    const starts = this.#loaded()
    const first = starts[0]
    const last = starts.at(-1)
    if (requested < 0 || first === undefined || last === undefined) return null
    if (requested > last.leaderEpoch) return null
    if (requested === last.leaderEpoch) return { leaderEpoch: requested, endOffset: logEndOffset }
    if (requested < first.leaderEpoch) {
      return { leaderEpoch: requested, endOffset: first.startOffset }
    }
    const next = starts.findIndex(({ leaderEpoch }) => leaderEpoch > requested)
    const floor = starts[next - 1] as EpochStart
    return { leaderEpoch: floor.leaderEpoch, endOffset: (starts[next] as EpochStart).startOffset }
  }

  /** Drops epochs that start at or after `offset`: the log ends there. */
  truncateFromEnd(offset: Offset): void {
    const starts = this.#loaded()
    const kept = starts.filter(({ startOffset }) => startOffset < offset)
    if (kept.length < starts.length) this.#replace(kept)
  }

  /** The log starts at `offset`: earlier starts are dropped, the last of them moves there. */
  truncateFromStart(offset: Offset): void {
    const starts = this.#loaded()
    const dropped = starts.filter(({ startOffset }) => startOffset <= offset)
    const moved = dropped.at(-1)
    if (moved === undefined || (dropped.length === 1 && moved.startOffset === offset)) return
    const kept = starts.slice(dropped.length)
    this.#replace([{ leaderEpoch: moved.leaderEpoch, startOffset: offset }, ...kept])
  }

  /** The same starts as the batches themselves tell. Throws DiskError. */
  replaceBy(starts: readonly EpochStart[]): void {
    this.#replace([...starts])
  }

  clear(): void {
    if (this.#loaded().length > 0) this.#replace([])
  }

  /** The path of the file if it was written since the last call, to be synced with its folder. */
  takeUnsynced(): string | null {
    if (!this.#isUnsynced) return null
    this.#isUnsynced = false
    return this.path
  }

  #replace(starts: EpochStart[]): void {
    const before = this.#starts
    this.#starts = starts
    const lines = starts.map(({ leaderEpoch, startOffset }) => `${leaderEpoch} ${startOffset}`)
    try {
      replaceFile(this.#disk, this.path, formatCheckpoint(lines))
      this.#isUnsynced = true
    } catch (error) {
      this.#starts = before
      throw error
    }
  }

  #loaded(): EpochStart[] {
    if (this.#starts !== null) return this.#starts
    const text = readTextFile(this.#disk, this.path)
    const parsed = text === null ? [] : parseStarts(text)
    this.#starts = parsed ?? []
    if (parsed === null) this.#replace(this.#rebuild())
    return this.#starts
  }
}

/** Null if malformed or out of order. */
export function parseStarts(text: string): EpochStart[] | null {
  const rows = parseCheckpoint(text, 2)
  if (rows === null) return null
  const starts: EpochStart[] = []
  for (const [epochText, offsetText] of rows) {
    const leaderEpoch = parseWhole(epochText)
    const startOffset = parseWhole(offsetText)
    if (leaderEpoch === null || startOffset === null) return null
    const before = starts.at(-1)
    if (before !== undefined) {
      if (before.leaderEpoch >= leaderEpoch || before.startOffset >= startOffset) return null
    }
    starts.push({ leaderEpoch, startOffset })
  }
  return starts
}
