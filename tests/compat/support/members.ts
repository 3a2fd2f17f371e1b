/** Members of a group as processes, and what they told of themselves, in the order it was heard. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface Told {
  readonly name: string
  readonly event: 'joined' | 'read' | 'committed' | 'left'
  readonly partition: number
  readonly partitions: readonly number[]
  readonly offset: number
  readonly value: string
}

export class Members {
  readonly told: Told[] = []
  readonly #broker: string
  readonly #group: string
  readonly #topic: string
  readonly #processes = new Map<string, ChildProcess>()
  readonly #waiting: { holds: (told: readonly Told[]) => boolean; resolve: () => void }[] = []

  constructor(broker: string, group: string, topic: string) {
    this.#broker = broker
    this.#group = group
    this.#topic = topic
  }

  start(name: string): void {
    const script = new URL('kafkajs-member.ts', import.meta.url).pathname
    const child = spawn(process.execPath, [script, this.#broker, this.#group, this.#topic, name], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#processes.set(name, child)
    createInterface({ input: child.stdout }).on('line', line => this.#hear(JSON.parse(line)))
  }

  /** Resolves once the condition holds over everything told so far. */
  until(holds: (told: readonly Told[]) => boolean): Promise<void> {
    if (holds(this.told)) return Promise.resolve()
    return new Promise(resolve => this.#waiting.push({ holds, resolve }))
  }

  /** SIGTERM: the member leaves its group. */
  leave(name: string): Promise<void> {
    return this.#end(name, 'SIGTERM')
  }

  kill(name: string): Promise<void> {
    return this.#end(name, 'SIGKILL')
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#processes.keys()].map(name => this.leave(name)))
  }

  /** The partitions of each member by its last join. */
  assignment(name: string): readonly number[] {
    return this.told.findLast(t => t.name === name && t.event === 'joined')?.partitions ?? []
  }

  #hear(told: Told): void {
    this.told.push(told)
    this.look()
  }

  /** Looks at what is waited for again: something that others tell has changed. */
  look(): void {
    for (const waiting of this.#waiting.splice(0)) {
      if (waiting.holds(this.told)) waiting.resolve()
      else this.#waiting.push(waiting)
    }
  }

  #end(name: string, signal: NodeJS.Signals): Promise<void> {
    const child = this.#processes.get(name)
    this.#processes.delete(name)
    if (child === undefined || child.exitCode !== null) return Promise.resolve()
    const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
    child.kill(signal)
    return ended
  }
}

/** Records read again although an earlier commit, by whomever, had passed them. */
export function readAfterCommit(told: readonly Told[]): Told[] {
  const committed = new Map<number, number>()
  const again: Told[] = []
  for (const t of told) {
    if (t.event === 'committed') committed.set(t.partition, t.offset)
    if (t.event === 'read' && t.offset < (committed.get(t.partition) ?? 0)) again.push(t)
  }
  return again
}
