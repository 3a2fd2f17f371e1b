import { simHost } from '../../../host/sim/host.ts'
import { memoryDisk } from '../../../host/sim/memory-disk.ts'
import { diskContract } from '../contract/disk-contract.ts'
import { netContract } from '../contract/net-contract.ts'

diskContract('in memory', () => {
  const disk = memoryDisk()
  disk.makeFolder('/data')
  return { disk, folder: '/data', dispose() {} }
})

diskContract('simulated, on its way to a power cut', () => {
  const { disk } = simHost({ seed: 'contract' })
  disk.makeFolder('/data')
  return { disk, folder: '/data', dispose() {} }
})

for (const seed of ['one', 'two', 'three']) {
  netContract(`simulated, seed ${seed}`, () => {
    const { net, loop, disk, simulation } = simHost({ seed, network: { splitChance: 0.5 } })
    disk.makeFolder('/data')
    const driver = simulation.runInBackground()
    const dispose = () => driver.stop()
    return { net, loop, disk, folder: '/data', address: '127.0.0.1', dispose }
  })
}
