import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { type NodeHostOptions, nodeHost } from '../../../host/node/host.ts'
import { diskContract } from '../contract/disk-contract.ts'
import { netContract } from '../contract/net-contract.ts'

function world(options: NodeHostOptions) {
  const folder = mkdtempSync(`${tmpdir()}/ottla-host-`)
  const { net, loop, disk } = nodeHost({ ...options, log: { level: 'silent' } })
  const dispose = () => rmSync(folder, { recursive: true, force: true })
  return { net, loop, disk, folder, address: '127.0.0.1', dispose }
}

diskContract('native parts on', () => world({ native: 'on' }))
diskContract('native parts off', () => world({ native: 'off' }))
diskContract('every round one syncfs', () => world({ syncMethod: 'filesystem' }))
netContract('accepted by handle', () => world({ receive: 'handle' }))
netContract('accepted by dup', () => world({ receive: 'dup' }))
netContract('read by data events, native parts off', () =>
  world({ receive: 'data', native: 'off' }),
)
