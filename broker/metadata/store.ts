/**
 * Where the cluster's metadata lives: a map of keys with revisions, changed only by compare-and-set
 * transactions, watched by every broker. Shaped so that an engine with these primitives (etcd) and
 * a file on one disk fit alike; one suite of contract tests holds every implementation.
 *
 * The contract:
 *   (1) A revision numbers the whole store, rises by one with each transaction that changed
 *       something, and never falls or repeats, over restarts too.
 *   (2) A resolved transaction is durable and its effects are whole: after a crash all or none.
 *   (3) `watch` reports each revision once, in order, all its events together, and before the
 *       transaction that made it resolves.
 *   (4) A session's keys vanish when it ends: revoked, lost, or at a restart of a local store.
 */
export interface MetadataStore {
  /** Most comparisons and operations together in one transaction. */
  readonly transactionSizeMax: number
  /** Everything at one revision. Call once, before `watch`. */
  load(): Promise<{ entries: StoreEntry[]; revision: number }>
  /**
   * One entry as of now, with every transaction that is resolved; null if there is none. Rejects
   * with StoreUnreachable (settle.ts) while it cannot be known, with DiskError if it never can.
   */
  get(key: string): Promise<StoreEntry | null>
  /**
   * Events of revisions above `fromRevision`; `onReset` if the store has not kept all of them.
   */
  watch(fromRevision: number, listener: WatchListener): Watch
  transact(transaction: Transaction): Promise<TransactionOutcome>
  /** Begins a session; its keys are deleted when nothing was heard from us for `ttlMs`. */
  openSession(ttlMs: number): Promise<Session>
  /** Waits for what is under way, then gives everything back. Idempotent. */
  close(): Promise<void>
}

/** Plain data. A store writes it as it likes (JSON, MessagePack); readers check it (values.ts). */
export type StoreValue =
  | null
  | boolean
  | number
  | string
  | readonly StoreValue[]
  | { readonly [field: string]: StoreValue }

export interface StoreEntry {
  readonly key: string
  readonly value: StoreValue
  /** Revision that made the key; with sessions, a fencing epoch (a broker's, the controller's). */
  readonly createRevision: number
  /** Revision that last wrote it. */
  readonly modRevision: number
}

export type StoreEvent =
  | { readonly kind: 'put'; readonly entry: StoreEntry }
  | { readonly kind: 'delete'; readonly key: string }

export interface StoreChange {
  readonly revision: number
  readonly events: readonly StoreEvent[]
}

export interface WatchListener {
  onChange(change: StoreChange): void
  /** Events were lost: load again. A local store never calls it. */
  onReset(): void
}

export interface Watch {
  close(): void
}

/** `revision` 0 means: the key must not exist. */
export interface Comparison {
  readonly key: string
  readonly field: 'createRevision' | 'modRevision'
  readonly revision: number
}

export type StoreOperation =
  | {
      readonly kind: 'put'
      readonly key: string
      readonly value: StoreValue
      /** The key ends with this session. */
      readonly sessionId?: string
    }
  | { readonly kind: 'delete'; readonly key: string }
  /** Counts as one operation whatever it matches. */
  | { readonly kind: 'delete-prefix'; readonly prefix: string }

export interface Transaction {
  /** All must hold, or nothing is done. */
  readonly compare: readonly Comparison[]
  readonly operations: readonly StoreOperation[]
}

/**
 * `unknown`: it may have been done or not (the store was cut off on the way, or its disk failed);
 * find out by reading before relying on either (settle.ts).
 */
export type TransactionOutcome =
  | { readonly kind: 'done'; readonly revision: number }
  | { readonly kind: 'conflict'; readonly revision: number }
  | { readonly kind: 'unknown'; readonly reason: string }

export interface Session {
  readonly id: string
  readonly isLive: boolean
  /** Called at most once, when the session ended other than by `revoke`. */
  onLost: (() => void) | null
  /** Ends it and deletes its keys. */
  revoke(): Promise<void>
}
