import type {
  Comparison,
  StoreChange,
  StoreEntry,
  StoreEvent,
  StoreOperation,
  Transaction,
} from './store.ts'

/** An entry, and the session it ends with, if any. */
interface Held {
  readonly entry: StoreEntry
  readonly sessionId: string | undefined
}

/** Undoes one applied transaction; valid until another is applied. */
export interface Undo {
  readonly revision: number
  readonly before: readonly (readonly [string, Held | undefined])[]
}

/** What applying a transaction did. */
export type Applied =
  | {
      readonly kind: 'applied'
      readonly change: StoreChange
      /** What a restart must know of it: keys of sessions are gone by then. */
      readonly lasting: readonly StoreEvent[]
      readonly undo: Undo
    }
  | { readonly kind: 'unchanged'; readonly revision: number }
  | { readonly kind: 'conflict'; readonly revision: number }

/**
 * StoreState: the map of keys at one revision, and the rules by which a transaction changes it.
 * Shared by every store that keeps its map in memory.
 *
 * Invariants:
 *   (1) `#folders` holds exactly the keys of `#held`, by what precedes their last '/'. Topics are
 *       deleted by such a prefix, and a search of all keys for each would be quadratic.
 */
export class StoreState {
  #revision = 0
  readonly #held = new Map<string, Held>()
  readonly #folders = new Map<string, Set<string>>()

  get revision(): number {
    return this.#revision
  }

  get(key: string): StoreEntry | null {
    return this.#held.get(key)?.entry ?? null
  }

  entries(): StoreEntry[] {
    return Array.from(this.#held.values(), held => held.entry)
  }

  /** Entries that outlive their writer: what goes to disk. */
  lastingEntries(): StoreEntry[] {
    const lasting = [...this.#held.values()].filter(held => held.sessionId === undefined)
    return lasting.map(held => held.entry)
  }

  /** Puts back what was stored, as of `revision`. */
  restore(revision: number, events: Iterable<StoreEvent>): void {
    this.#revision = revision
    for (const event of events) {
      if (event.kind === 'delete') this.#delete(event.key)
      else this.#set(event.entry.key, { entry: event.entry, sessionId: undefined })
    }
  }

  apply(transaction: Transaction): Applied {
    if (!transaction.compare.every(comparison => this.#holds(comparison))) {
      return { kind: 'conflict', revision: this.#revision }
    }
    const revision = this.#revision + 1
    const before: [string, Held | undefined][] = []
    const events: StoreEvent[] = []
    for (const operation of transaction.operations) {
      this.#perform(operation, revision, before, events)
    }
    if (events.length === 0) return { kind: 'unchanged', revision: this.#revision }
    const lasting = events.map((event): StoreEvent => {
      if (event.kind === 'delete' || !this.#isPassing(event.entry.key)) return event
      return { kind: 'delete', key: event.entry.key }
    })
    const undo: Undo = { revision: this.#revision, before: before.reverse() }
    this.#revision = revision
    return { kind: 'applied', change: { revision, events }, lasting, undo }
  }

  /** Takes back the last applied transaction that was not taken back yet. */
  undo(undo: Undo): void {
    this.#revision = undo.revision
    for (const [key, held] of undo.before) {
      if (held === undefined) this.#delete(key)
      else this.#set(key, held)
    }
  }

  /** The transaction that ends a session. */
  endOf(sessionId: string): Transaction {
    const operations: StoreOperation[] = []
    for (const [key, held] of this.#held) {
      if (held.sessionId === sessionId) operations.push({ kind: 'delete', key })
    }
    return { compare: [], operations }
  }

  #isPassing(key: string): boolean {
    return this.#held.get(key)?.sessionId !== undefined
  }

  #holds({ key, field, revision }: Comparison): boolean {
    return (this.#held.get(key)?.entry[field] ?? 0) === revision
  }

  #perform(
    operation: StoreOperation,
    revision: number,
    before: [string, Held | undefined][],
    events: StoreEvent[],
  ): void {
    if (operation.kind === 'put') {
      const { key, value, sessionId } = operation
      const held = this.#held.get(key)
      const createRevision = held?.entry.createRevision ?? revision
      const entry = { key, value, createRevision, modRevision: revision }
      before.push([key, held])
      this.#set(key, { entry, sessionId })
      events.push({ kind: 'put', entry })
      return
    }
    const keys = operation.kind === 'delete' ? [operation.key] : this.#under(operation.prefix)
    for (const key of keys) {
      const held = this.#held.get(key)
      if (held === undefined) continue
      before.push([key, held])
      this.#delete(key)
      events.push({ kind: 'delete', key })
    }
  }

  #under(prefix: string): string[] {
    const keys = new Set<string>()
    for (const [name, members] of this.#folders) {
      if (!mayHold(name, prefix)) continue
      for (const key of members) if (key.startsWith(prefix)) keys.add(key)
    }
    return [...keys]
  }

  #set(key: string, held: Held): void {
    this.#held.set(key, held)
    const folder = folderOf(key)
    const members = this.#folders.get(folder)
    if (members === undefined) this.#folders.set(folder, new Set([key]))
    else members.add(key)
  }

  #delete(key: string): void {
    this.#held.delete(key)
    const folder = folderOf(key)
    const members = this.#folders.get(folder)
    members?.delete(key)
    if (members?.size === 0) this.#folders.delete(folder)
  }
}

function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1)
}

/** Whether a folder can hold keys that begin with `prefix`. */
function mayHold(folder: string, prefix: string): boolean {
  return folder.startsWith(prefix) || prefix.startsWith(folder)
}
