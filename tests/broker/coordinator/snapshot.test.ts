import { expect, test } from 'vitest'
import type { GroupRecord } from '../../../broker/coordinator/group/record.ts'
import { snapshotFile } from '../../../broker/coordinator/snapshot.ts'
import { simHost } from '../../../host/sim/host.ts'

const RECORDS: readonly GroupRecord[] = [
  { kind: 'offset', groupId: 'g', topic: 't', partition: 0, value: null, producerId: -1 },
  {
    kind: 'foreign',
    type: 'share',
    groupId: 's',
    key: Buffer.from([0, 11]),
    value: Buffer.from([1, 2]),
  },
]

function fileOn(host: ReturnType<typeof simHost>, topicId = 'topic') {
  const { disk, crc32c } = host
  return snapshotFile<GroupRecord>({ disk, crc32c, folder: '/data', name: 's', topicId })
}

async function saved() {
  const host = simHost({ seed: 1 })
  host.disk.makeFolder('/data')
  await host.run(fileOn(host).save({ nextOffset: 7, records: RECORDS }))
  return host
}

test('a snapshot is read back as it was written', async () => {
  const host = await saved()
  expect(fileOn(host).load()).toEqual({ nextOffset: 7, records: RECORDS })
})

test('a snapshot of another topic is none, one that rotted is told with its path', async () => {
  const host = await saved()
  expect(fileOn(host, 'another').load()).toBeNull()
  host.disk.corrupt('/data/s', 9, Buffer.from([0xff]))
  expect(() => fileOn(host).load()).toThrow('/data/s is damaged, from byte 0 on')
})

test('a full disk leaves the snapshot before it', async () => {
  const host = await saved()
  host.disk.faults.add({ calls: ['write'], code: 'ENOSPC', afterBytes: 10 })
  await host.run(fileOn(host).save({ nextOffset: 9, records: [] })).catch(() => {})
  host.disk.faults.clear()
  expect(fileOn(host).load()?.nextOffset).toBe(7)
})
