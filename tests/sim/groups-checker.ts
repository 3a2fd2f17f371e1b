/** One commit that was sent: what came of it is acked, refused, or nobody knows. */
export interface Attempt {
  readonly key: string
  readonly offset: number
  readonly generation: number
  /** The last generation somebody had been assigned by when this was sent. */
  readonly assignedBefore: number
}

interface Committed {
  settled: number
  /** Sent after what is settled, with an unknown outcome. */
  open: Attempt[]
}

/** What must be true of groups whatever happens; `violation` is the first thing that is not. */
export class GroupChecker {
  readonly #owners = new Map<string, string>()
  readonly #generations = new Map<string, number>()
  readonly #offsets = new Map<string, Committed>()
  assignments = 0
  commits = 0
  violation: Error | null = null

  /** A member learned its assignment. */
  assigned(group: string, generation: number, member: string, partitions: readonly number[]): void {
    this.assignments++
    for (const partition of partitions) {
      const key = `${group} ${generation} ${partition}`
      const owner = this.#owners.get(key) ?? member
      this.#owners.set(key, owner)
      if (owner !== member) {
        this.violation ??= new Error(
          `partition ${partition} of generation ${generation}: ${owner}, ${member}`,
        )
      }
    }
    const last = this.#generations.get(group) ?? -1
    this.#generations.set(group, Math.max(last, generation))
  }

  begin(group: string, partition: number, offset: number, generation: number): Attempt {
    const key = `${group} ${partition}`
    const assignedBefore = this.#generations.get(group) ?? -1
    const attempt = { key, offset, generation, assignedBefore }
    this.#committed(key).open.push(attempt)
    return attempt
  }

  acked(attempt: Attempt): void {
    this.commits++
    if (attempt.generation < attempt.assignedBefore) {
      const later = attempt.assignedBefore
      this.violation ??= new Error(
        `${attempt.key}: generation ${attempt.generation} commits after ${later}`,
      )
    }
    const committed = this.#committed(attempt.key)
    const at = committed.open.indexOf(attempt)
    if (at === -1) return // A later one was acked before: it counts.
    committed.settled = attempt.offset
    committed.open.splice(0, at + 1)
  }

  refused(attempt: Attempt): void {
    const { open } = this.#committed(attempt.key)
    const at = open.indexOf(attempt)
    if (at !== -1) open.splice(at, 1)
  }

  fetched(group: string, partition: number, offset: number): void {
    const { settled, open } = this.#committed(`${group} ${partition}`)
    if (offset === settled || open.some(attempt => attempt.offset === offset)) return
    this.violation ??= new Error(
      `${group} ${partition}: ${settled} was committed, ${offset} is fetched`,
    )
  }

  #committed(key: string): Committed {
    let committed = this.#offsets.get(key)
    if (committed === undefined) {
      committed = { settled: -1, open: [] }
      this.#offsets.set(key, committed)
    }
    return committed
  }
}
