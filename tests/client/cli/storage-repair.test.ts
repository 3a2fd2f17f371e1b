import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { nodeHost } from '../../../host/node/host.ts'
import { newTopic, startNode } from '../../broker/cluster/support.ts'
import { append, batchOf } from '../../storage/support/log-world.ts'

const { disk } = nodeHost()
const SIZE = batchOf().length
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ottla-repair-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const start = () => startNode({ disk, path: folder })

/** Runs `ottla storage repair` as a user does. */
function repair(...rest: string[]): Promise<{ code: number; out: string; err: string }> {
  const words = ['client/cli/main.ts', 'storage', 'repair', ...rest]
  return new Promise(resolve => {
    execFile(process.execPath, words, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err })
    })
  })
}

const contents = () =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .map(path => [path, readFileSync(path, 'latin1')])

test('storage repair shows, then takes out, and ends with 0 or 1', async () => {
  const node = await start()
  await node.controller.createTopics([newTopic('a', 1)], { validateOnly: false })
  const partition = node.partitions.get('a', 0)!
  for (let at = 0; at < 3; at++) {
    const { fate } = append(partition.log, batchOf(), { leaderEpoch: partition.leaderEpoch })
    expect(await fate).toBe('durable')
  }
  const inUse = await repair(folder)
  expect(inUse).toMatchObject({ code: 1, out: '' })
  expect(inUse.err).toContain('is in use: stop the broker first')
  await node.stop()
  const whole = 'Nothing to repair: every batch and every change is whole.\n'
  expect(await repair(folder)).toEqual({ code: 0, out: whole, err: '' })

  const path = `${folder}/a-0/00000000000000000000.log`
  const bytes = readFileSync(path)
  bytes[SIZE + 70] = ~(bytes[SIZE + 70] as number)
  writeFileSync(path, bytes)
  const before = contents()
  const where = `${path}: ${SIZE} bytes from byte ${SIZE} on`
  const line = `${where}: a batch whose checksum is wrong, taken out\n`
  expect(await repair(folder)).toEqual({
    code: 0,
    out: `${line}Found 1 place; nothing was written: --apply repairs.\n`,
    err: '',
  })
  expect(contents()).toEqual(before)
  expect(await repair(folder, '--apply')).toEqual({
    code: 0,
    out: `${line}Repaired 1 place; what was taken out is kept beside.\n`,
    err: '',
  })
  expect(await repair(folder)).toEqual({ code: 0, out: whole, err: '' })
  const again = await start()
  const log = again.partitions.get('a', 0)!.log
  expect([...log.readBatches(0, Infinity)].map(batch => batch.baseOffset)).toEqual([0, 2])
  await again.stop()
  expect(await repair(`${folder}/none`)).toMatchObject({ code: 1, out: '' })
}, 120_000)
