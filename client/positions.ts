/** Finds where partitions without a position begin: committed, sought, or by policy. */
import type { Cluster } from './cluster.ts'
import type { Commits } from './commits.ts'
import type { ConsumerSettings } from './consumer-options.ts'
import { UsageError } from './errors.ts'
import type { PartitionState } from './fetcher.ts'
import { OffsetLookup, type OffsetSpec } from './offsets.ts'

export class Positions {
  readonly #settings: ConsumerSettings
  readonly #commits: Commits | null
  readonly #lookup: OffsetLookup
  readonly #underWay = new Map<PartitionState, number>()
  #locating: Promise<void> | null = null

  constructor(cluster: Cluster, settings: ConsumerSettings, commits: Commits | null) {
    this.#settings = settings
    this.#commits = commits
    this.#lookup = new OffsetLookup(cluster, settings.isolation === 'read_committed' ? 1 : 0)
  }

  /**
   * Null when all have a position. Otherwise resolves when those without have got one, or an error
   * of their own to tell. Never rejects.
   */
  locate(states: readonly PartitionState[]): Promise<void> | null {
    const lost = states.filter(state => state.position === null && state.error === null)
    if (lost.length === 0) return null
    const isUnderWay = lost.every(state => this.#underWay.get(state) === state.epoch)
    if (isUnderWay && this.#locating !== null) return this.#locating
    const epochs = new Map(lost.map(state => [state, state.epoch]))
    for (const [state, epoch] of epochs) this.#underWay.set(state, epoch)
    this.#locating = this.#locate(lost, epochs)
    return this.#locating
  }

  async #locate(
    lost: readonly PartitionState[],
    epochs: ReadonlyMap<PartitionState, number>,
  ): Promise<void> {
    const isCurrent = (state: PartitionState) => epochs.get(state) === state.epoch
    try {
      const unsought = lost.filter(({ resetTo }) => resetTo === null)
      if (this.#commits !== null && unsought.length > 0) {
        const offsets = await this.#commits.fetch(unsought)
        unsought.forEach((state, i) => {
          if (!isCurrent(state) || offsets[i]! < 0) return
          this.#place(state, offsets[i]!)
          state.committed = offsets[i]!
        })
      }
      await this.#find(
        lost.filter(state => state.position === null && isCurrent(state)),
        isCurrent,
      )
    } catch (error) {
      for (const state of lost) {
        if (isCurrent(state) && state.position === null) state.error = error as Error
      }
    } finally {
      for (const state of lost) if (isCurrent(state)) this.#underWay.delete(state)
    }
  }

  async #find(
    lost: readonly PartitionState[],
    isCurrent: (state: PartitionState) => boolean,
  ): Promise<void> {
    if (lost.length === 0) return
    const { timeoutMs } = this.#settings
    const wanted = lost.map(state => ({ ...placeOf(state), spec: this.#specOf(state) }))
    const found = await this.#lookup.find(wanted, timeoutMs)
    // No record is as young as the time sought: begin with the next that comes.
    const ends = found.some(({ offset }) => offset < 0)
      ? await this.#lookup.find(
          wanted.map(one => ({ ...one, spec: 'latest' as const })),
          timeoutMs,
        )
      : found
    lost.forEach((state, i) => {
      const { offset } = found[i]!
      if (isCurrent(state)) this.#place(state, offset < 0 ? ends[i]!.offset : offset)
    })
  }

  #specOf(state: PartitionState): OffsetSpec {
    if (state.resetTo !== null) return state.resetTo
    const policy = this.#settings.autoOffsetReset
    if (policy !== 'none') return policy
    throw new UsageError(
      `There is no committed offset for ${state.topic} partition ${state.partition}; seek, or set` +
        ' autoOffsetReset.',
    )
  }

  #place(state: PartitionState, offset: number): void {
    state.position = offset
    state.fetchOffset = offset
    state.resetTo = null
  }
}

function placeOf({ topic, partition }: PartitionState) {
  return { topic, partition }
}
