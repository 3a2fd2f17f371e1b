/** A topic as the load knows it: what was acknowledged, and what was only asked for. */
export interface TopicEntry {
  readonly name: string
  /** 'creating' and 'deleting': asked for, and not answered before the power was cut. */
  state: 'creating' | 'created' | 'deleting' | 'deleted'
  /** By partition: offset -> value of each record whose ack came before the cut. */
  readonly records: readonly Map<number, string>[]
}

/** The offset that a group has committed for partition 0 of a topic. */
export interface CommitEntry {
  readonly topic: string
  acknowledged: number
  asked: number
}

/** What a broker has promised. Answers that come after `freeze` do not count. */
export class Ledger {
  readonly topics = new Map<string, TopicEntry>()
  readonly commits = new Map<string, CommitEntry>()
  #isFrozen = false

  get isFrozen(): boolean {
    return this.#isFrozen
  }

  /** The power is about to be cut: nothing that is answered from here on is a promise. */
  freeze(): void {
    this.#isFrozen = true
  }

  thaw(): void {
    this.#isFrozen = false
  }

  /** Runs `note` if the answer that it notes came in time. */
  promised(note: () => void): void {
    if (!this.#isFrozen) note()
  }

  inState(state: TopicEntry['state']): TopicEntry[] {
    return [...this.topics.values()].filter(topic => topic.state === state)
  }

  get recordCount(): number {
    return this.inState('created')
      .flatMap(({ records }) => records)
      .reduce((sum, { size }) => sum + size, 0)
  }
}
