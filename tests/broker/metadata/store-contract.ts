import { describe, expect, test } from 'vitest'
import type {
  MetadataStore,
  StoreChange,
  StoreEntry,
  StoreOperation,
  StoreValue,
} from '../../../broker/metadata/store.ts'

/** A store under test, and what happens to the machine it is on. */
export interface StoreWorld {
  open(): Promise<MetadataStore>
  /** Closes the store and opens it again. */
  reopen(store: MetadataStore): Promise<MetadataStore>
}

function put(key: string, value: StoreValue = 1): StoreOperation {
  return { kind: 'put', key, value }
}

async function entriesOf(store: MetadataStore): Promise<Map<string, StoreEntry>> {
  return new Map((await store.load()).entries.map(entry => [entry.key, entry]))
}

async function did(store: MetadataStore, ...operations: StoreOperation[]): Promise<number> {
  const outcome = await store.transact({ compare: [], operations })
  if (outcome.kind !== 'done') throw new Error(`the transaction is ${outcome.kind}`)
  return outcome.revision
}

function watched(store: MetadataStore, fromRevision: number): StoreChange[] {
  const changes: StoreChange[] = []
  store.watch(fromRevision, { onChange: change => changes.push(change), onReset: () => {} })
  return changes
}

/** What every MetadataStore must do. */
export function storeContract(name: string, makeWorld: () => Promise<StoreWorld>): void {
  describe(`${name} keeps the contract of a metadata store`, () => {
    keepsEntries(makeWorld)
    judgesTransactions(makeWorld)
    tellsWatches(makeWorld)
    endsSessions(makeWorld)
  })
}

type MakeWorld = () => Promise<StoreWorld>

function keepsEntries(makeWorld: MakeWorld): void {
  test('what was put is loaded with its revisions, over a restart too', async () => {
    const world = await makeWorld()
    const store = await world.open()
    await did(store, put('a', { v: 1, list: [1, 'two', null, true] }), put('b'))
    await did(store, put('a', { v: 1, list: [] }))
    const before = await entriesOf(store)
    expect(before.get('a')).toEqual({
      key: 'a',
      value: { v: 1, list: [] },
      createRevision: 1,
      modRevision: 2,
    })
    expect(await store.get('b')).toMatchObject({ value: 1 })
    expect(await store.get('c')).toBeNull()
    const again = await world.reopen(store)
    expect(await entriesOf(again)).toEqual(before)
    expect((await again.load()).revision).toBe(2)
    await again.close()
  })

  test('deletes take a key, or all keys under a prefix and no others', async () => {
    const world = await makeWorld()
    const store = await world.open()
    await did(store, put('part/a/0'), put('part/a/1'), put('part/ab/0'), put('part/a'), put('p'))
    await did(store, { kind: 'delete', key: 'p' }, { kind: 'delete-prefix', prefix: 'part/a/' })
    const again = await world.reopen(store)
    expect([...(await entriesOf(again)).keys()].sort()).toEqual(['part/a', 'part/ab/0'])
    await did(again, { kind: 'delete-prefix', prefix: 'part/a' })
    expect((await entriesOf(again)).size).toBe(0)
    await again.close()
  })
}

function judgesTransactions(makeWorld: MakeWorld): void {
  test('a transaction happens only if all comparisons hold', async () => {
    const store = await (await makeWorld()).open()
    const revision = await did(store, put('a'))
    const absent = { key: 'a', field: 'createRevision', revision: 0 } as const
    const same = { key: 'a', field: 'modRevision', revision } as const
    const outcome = await store.transact({ compare: [same, absent], operations: [put('b')] })
    expect(outcome).toEqual({ kind: 'conflict', revision })
    expect(await store.get('b')).toBeNull()
    expect(await store.transact({ compare: [same], operations: [put('b')] })).toMatchObject({
      kind: 'done',
    })
    await store.close()
  })

  test('of many who compare the same revision, one wins', async () => {
    const store = await (await makeWorld()).open()
    const revision = await did(store, put('a'))
    const compare = [{ key: 'a', field: 'modRevision', revision } as const]
    const attempts = Array.from({ length: 10 }, (_, index) =>
      store.transact({ compare, operations: [put('a', index)] }),
    )
    const outcomes = await Promise.all(attempts)
    expect(outcomes.filter(({ kind }) => kind === 'done').length).toBe(1)
    expect(outcomes[0]?.kind).toBe('done')
    await store.close()
  })

  test('a transaction above the limit is refused by every store alike', async () => {
    const store = await (await makeWorld()).open()
    const operations = Array.from({ length: store.transactionSizeMax + 1 }, (_, i) => put(`k${i}`))
    await expect(store.transact({ compare: [], operations })).rejects.toThrow(RangeError)
    await store.close()
  })
}

function tellsWatches(makeWorld: MakeWorld): void {
  test('a watch gets each revision once, whole, before its transaction resolves', async () => {
    const store = await (await makeWorld()).open()
    const first = await did(store, put('a'))
    const changes = watched(store, first)
    const resolved: number[] = []
    await Promise.all(
      [put('b'), put('c'), { kind: 'delete', key: 'a' } as const].map(async operation => {
        const revision = await did(store, operation, put('x', revisionLabel(operation)))
        expect(changes.some(change => change.revision === revision)).toBe(true)
        resolved.push(revision)
      }),
    )
    expect(changes.map(({ revision }) => revision)).toEqual([first + 1, first + 2, first + 3])
    expect(changes.every(({ events }) => events.length === 2)).toBe(true)
    expect(resolved.length).toBe(3)
    await store.close()
  })

  test('a watch from a revision that is not kept any more is reset', async () => {
    const store = await (await makeWorld()).open()
    await did(store, put('a'))
    const reset = new Promise<void>(resolve => {
      store.watch(0, { onChange: () => {}, onReset: resolve })
    })
    await reset
    await store.close()
  })

  test('a transaction that changes nothing makes no revision', async () => {
    const store = await (await makeWorld()).open()
    const revision = await did(store, put('a'))
    const changes = watched(store, revision)
    expect(await did(store, { kind: 'delete', key: 'b' })).toBe(revision)
    expect(changes).toEqual([])
    await store.close()
  })
}

function endsSessions(makeWorld: MakeWorld): void {
  test('the keys of a session end with it, and with the store', async () => {
    const world = await makeWorld()
    const store = await world.open()
    const session = await store.openSession(1000)
    await did(store, { kind: 'put', key: 'live/1', value: 1, sessionId: session.id }, put('a'))
    const changes = watched(store, (await store.load()).revision)
    await session.revoke()
    expect(session.isLive).toBe(false)
    expect(changes.flatMap(({ events }) => events)).toEqual([{ kind: 'delete', key: 'live/1' }])
    const other = await store.openSession(1000)
    await did(store, { kind: 'put', key: 'live/2', value: 1, sessionId: other.id })
    const { revision } = await store.load()
    const again = await world.reopen(store)
    expect([...(await entriesOf(again)).keys()]).toEqual(['a'])
    // A broker's epoch is such a revision: it must not come twice.
    expect((await again.load()).revision).toBe(revision)
    await again.close()
  })

  test('a key that a session took over is gone after a restart', async () => {
    const world = await makeWorld()
    const store = await world.open()
    await did(store, put('a'))
    const { id } = await store.openSession(1000)
    await did(store, { kind: 'put', key: 'a', value: 2, sessionId: id })
    const again = await world.reopen(store)
    expect(await again.get('a')).toBeNull()
    await again.close()
  })

  test('a closed store does nothing and says so', async () => {
    const store = await (await makeWorld()).open()
    await store.close()
    await store.close()
    expect((await store.transact({ compare: [], operations: [put('a')] })).kind).toBe('unknown')
  })
}

function revisionLabel(operation: StoreOperation): string {
  return operation.kind
}
