import { expect, test } from 'vitest'
import { BrokerServer } from '../../broker/broker.ts'
import { loadConfig } from '../../broker/config/load.ts'
import { listenerUrl } from '../../broker/listeners-file.ts'
import { simHost } from '../../host/sim/host.ts'

const FILE = '/run/ottla/listeners'
const overrides = {
  listeners: 'PLAINTEXT://127.0.0.1:9092,SECOND://127.0.0.1:9093',
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,SECOND:PLAINTEXT',
  'ottla.listeners.file': FILE,
}

test('the file of listeners is there while the broker listens, and after a kill', async () => {
  const host = simHost({ seed: 1 })
  await host.run(async () => {
    const start = () =>
      BrokerServer.start({ host, config: loadConfig({ overrides }).config, folder: '/data' })
    const told = 'PLAINTEXT://127.0.0.1:9092\nSECOND://127.0.0.1:9093\n'
    const first = await start()
    expect(host.disk.readFile(FILE).toString()).toBe(told)
    const turnedAway = start()
    await expect(turnedAway).rejects.toMatchObject({ code: 'LOCKED' })
    expect(host.disk.readFile(FILE).toString()).toBe(told)
    await first.stop()
    expect(host.disk.stat(FILE)).toBeNull()

    const second = await start()
    second.abandon()
    expect(host.disk.readFile(FILE).toString()).toBe(told)
    const third = await start()
    expect(host.disk.readFile(FILE).toString()).toBe(told)
    await third.stop()
  })
})

test('an IPv6 address stands in brackets', () => {
  expect(listenerUrl({ listenerName: 'A', host: '::1', port: 9 })).toBe('A://[::1]:9')
})
