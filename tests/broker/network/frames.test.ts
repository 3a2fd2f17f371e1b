/** On real sockets, whose host counts the frames that somebody still holds. */
import { expect, test } from 'vitest'
import { nodeHost } from '../../../host/node/host.ts'
import { ApiKey } from '../../../protocol/api-keys.ts'
import { untilTrue } from '../../support/turns.ts'
import { batch, beat, world } from './support.ts'

const HEADER_TOO_SHORT = Buffer.from('00000003000c00', 'hex')
/** Produce 9 whose transactional id claims 100 bytes. */
const BROKEN_BODY = Buffer.from('0000000e0000000900000002000161006561', 'hex')

async function realWorld() {
  const host = nodeHost({ log: { level: 'silent' } })
  const made = await world(host, { requestsInFlightMax: 1000 }, 0)
  return {
    ...made,
    noFrameHeld: () => untilTrue(() => host.memory.outstandingFrames === 0, 'release', 100_000),
    async close() {
      made.client.destroy()
      made.listener.destroy()
      await made.listener.stopAccepting()
      await made.listener.drain(1000)
      expect(host.memory.usedBytes).toBe(0)
    },
  }
}

test('a frame is let go when its ordered phase ends', async () => {
  const { host, client, appends, noFrameHeld, close } = await realWorld()
  client.send(ApiKey.PRODUCE, 9, batch())
  client.send(ApiKey.PRODUCE, 9, batch('slow check'))
  client.send(ApiKey.PRODUCE, 9, batch())
  await untilTrue(() => appends.length === 2)
  expect(host.memory.outstandingFrames).toBe(1)
  appends[1]!.sequenced()
  await untilTrue(() => appends.length === 3)
  await noFrameHeld()
  await close()
})

test('a frame of an API that keeps its own copy is let go at once', async () => {
  const { client, parked, noFrameHeld, close } = await realWorld()
  const answers = ['a', 'b'].map(name => client.ask(ApiKey.HEARTBEAT, 4, beat(name)))
  await untilTrue(() => parked.length === 2)
  await noFrameHeld()
  for (const { answer } of parked) answer()
  await Promise.all(answers)
  await close()
})

test.each([
  ['header', HEADER_TOO_SHORT],
  ['body', BROKEN_BODY],
])('a frame with a broken %s is let go, and so is what follows it', async (_, broken) => {
  const { client, noFrameHeld, close } = await realWorld()
  const other = Buffer.from('0000000a0000000900000002ffff', 'hex')
  client.sendRaw(Buffer.concat([broken, ...Array.from({ length: 10 }, () => other)]))
  await client.closed
  await noFrameHeld()
  await close()
})

test('what a client sends while the broker ends is let go', async () => {
  const { client, listener, parked, noFrameHeld, close } = await realWorld()
  const asked = client.ask(ApiKey.HEARTBEAT, 4, beat('a'))
  await untilTrue(() => parked.length === 1)
  const drained = listener.drain(60_000)
  for (let i = 0; i < 10; i++) client.send(ApiKey.PRODUCE, 9, batch())
  parked[0]!.answer()
  await asked
  await drained
  await noFrameHeld()
  await close()
})
