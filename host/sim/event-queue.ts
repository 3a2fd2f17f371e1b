import type { Timer } from '../host.ts'

/** Whose doing an event is. When its owner has died, an event never runs. */
export interface Owner {
  readonly name: string
  isAlive: boolean
}

/** The owner of what belongs to no host. */
export function everyone(): Owner {
  return { name: '-', isAlive: true }
}

/**
 * Events ordered by (time, sequence): a binary heap in which every event knows its place, so that a
 * cancelled one leaves at once. Request timers are made and cancelled by the thousand while time
 * stands still; were they only marked, the heap would grow without end.
 *
 * Invariants:
 *   (1) No event is before its parent in (dueMs, sequence).
 *   (2) heap[event.place] === event for every event in the heap; others have place -1.
 */
export class EventQueue {
  readonly #heap: ScheduledEvent[] = []
  #sequence = 0

  get size(): number {
    return this.#heap.length
  }

  /** When the next event is due; Infinity when there is none. */
  get nextMs(): number {
    return this.#heap[0]?.dueMs ?? Number.POSITIVE_INFINITY
  }

  add(dueMs: number, label: string, owner: Owner, task: () => void): ScheduledEvent {
    const event = new ScheduledEvent(this, dueMs, this.#sequence++, label, owner, task)
    this.#heap.push(event)
    this.#rise(event, this.#heap.length - 1)
    return event
  }

  pop(): ScheduledEvent | undefined {
    const first = this.#heap[0]
    if (first !== undefined) this.remove(first)
    return first
  }

  /** Idempotent. */
  remove(event: ScheduledEvent): void {
    const place = event.place
    if (place < 0) return
    event.place = -1
    const last = this.#heap.pop() as ScheduledEvent
    if (last === event) return
    if (place > 0 && isBefore(last, this.#heap[(place - 1) >> 1] as ScheduledEvent)) {
      this.#rise(last, place)
    } else {
      this.#sink(last, place)
    }
  }

  #rise(event: ScheduledEvent, from: number): void {
    let place = from
    while (place > 0) {
      const parent = this.#heap[(place - 1) >> 1] as ScheduledEvent
      if (!isBefore(event, parent)) break
      this.#put(parent, place)
      place = (place - 1) >> 1
    }
    this.#put(event, place)
  }

  #sink(event: ScheduledEvent, from: number): void {
    let place = from
    for (;;) {
      let below = place * 2 + 1
      const left = this.#heap[below]
      if (left === undefined) break
      const right = this.#heap[below + 1]
      if (right !== undefined && isBefore(right, left)) below++
      const child = this.#heap[below] as ScheduledEvent
      if (!isBefore(child, event)) break
      this.#put(child, place)
      place = below
    }
    this.#put(event, place)
  }

  #put(event: ScheduledEvent, place: number): void {
    this.#heap[place] = event
    event.place = place
  }
}

/** One thing to happen. As a `Timer` it can be cancelled until it has run. */
export class ScheduledEvent implements Timer {
  readonly dueMs: number
  readonly sequence: number
  readonly label: string
  readonly owner: Owner
  readonly task: () => void
  /** Its index in the heap, -1 when it is not there. Kept by the queue. */
  place = -1
  readonly #queue: EventQueue

  constructor(
    queue: EventQueue,
    dueMs: number,
    sequence: number,
    label: string,
    owner: Owner,
    task: () => void,
  ) {
    this.#queue = queue
    this.dueMs = dueMs
    this.sequence = sequence
    this.label = label
    this.owner = owner
    this.task = task
  }

  cancel(): void {
    this.#queue.remove(this)
  }
}

function isBefore(a: ScheduledEvent, b: ScheduledEvent): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence)
}
