import { expect, test } from 'vitest'
import { loadSystemCalls } from '../../../host/node/native.ts'
import { stopPacing } from '../../../host/node/pacing.ts'
import { station } from './support.ts'

test('the kernel lets a connection of this machine go unpaced', async () => {
  const { dial, close } = await station()
  const { socket } = await dial()
  const calls = loadSystemCalls()
  expect(stopPacing(socket, calls)).toBe(calls?.setsockopt != null)
  expect(stopPacing(socket, null)).toBe(false)
  socket.destroy()
  expect(stopPacing(socket, calls)).toBe(false)
  await close()
})
