import { expect, test } from 'vitest'
import { MemoryReturn, RETURNED_BYTES_MIN } from '../../../host/node/memory-return.ts'
import { loadSystemCalls } from '../../../host/node/native.ts'

const MIB = 1 << 20

/** A process whose allocator keeps `keptBytes` of freed memory. */
function processOf(usedBytes: number) {
  const state = { usedBytes, keptBytes: 0, heapBytes: 20 * MIB, trims: 0 }
  const memoryReturn = new MemoryReturn(
    () => ({
      rss: state.usedBytes + state.keptBytes + state.heapBytes,
      heapTotal: state.heapBytes,
      external: 0,
    }),
    async () => {
      state.trims++
      state.keptBytes = 0
    },
  )
  return { state, check: () => memoryReturn.check() }
}

test('memory that the allocator keeps after a burst goes back once the burst is over', async () => {
  const { state, check } = processOf(50 * MIB)
  await check()
  for (const growing of [50, 100, 150]) {
    state.keptBytes = growing * MIB
    await check()
    expect(state.trims).toBe(0)
  }
  await check()
  expect(state).toMatchObject({ trims: 1, keptBytes: 0 })
})

test('a heap that grows, and a little that is kept, are no reason to trim', async () => {
  const { state, check } = processOf(50 * MIB)
  await check()
  state.heapBytes = 500 * MIB
  state.keptBytes = RETURNED_BYTES_MIN - 1
  for (let count = 0; count < 5; count++) await check()
  expect(state.trims).toBe(0)
})

test('memory that is in use is trimmed for once and then left alone', async () => {
  const { state, check } = processOf(50 * MIB)
  await check()
  state.usedBytes = 300 * MIB
  for (let count = 0; count < 10; count++) await check()
  expect(state.trims).toBe(1)
  state.usedBytes = 60 * MIB
  await check()
  state.keptBytes = 2 * RETURNED_BYTES_MIN
  for (let count = 0; count < 2; count++) await check()
  expect(state).toMatchObject({ trims: 2, keptBytes: 0 })
})

const trim = loadSystemCalls()?.mallocTrim

test.skipIf(!trim)('the allocator of this machine can be told to trim', async () => {
  await trim?.()
})
