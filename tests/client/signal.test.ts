import { expect, test } from 'vitest'
import { settledWithin } from '../../client/client-host.ts'
import { Signal } from '../../client/signal.ts'
import { nodeHost } from '../../host/node/host.ts'

const host = nodeHost({ log: { level: 'silent' } })

/** Whether `waiting` is over once everything that is ready has run. */
async function isOver(waiting: Promise<void>): Promise<boolean> {
  let over = false
  waiting.then(() => (over = true))
  await host.loop.nextTurn()
  return over
}

test('a race ends when the signal is raised, waiting for a promise alone does not', async () => {
  const signal = new Signal(host)
  let answer = () => {}
  const answered = new Promise<void>(resolve => (answer = resolve))
  const race = signal.race(answered, 60_000)
  const goodbye = settledWithin(host, answered, 60_000)
  signal.raise()
  expect(await isOver(race)).toBe(true)
  expect(await isOver(goodbye)).toBe(false)
  answer()
  expect(await isOver(goodbye)).toBe(true)
})
