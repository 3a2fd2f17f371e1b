/** `ottla storage strays` and `ottla storage restore`: folders that a broker set aside. */
import { forgetDeletion, planRestore, type Restoration } from '../../../broker/cluster/restore.ts'
import { BrokerConfig } from '../../../broker/config/broker-config.ts'
import { internalTopicConfigs } from '../../../broker/config/internal-topics.ts'
import { ClusterView } from '../../../broker/image/cluster-view.ts'
import { LocalStore } from '../../../broker/metadata/local-store.ts'
import { settle } from '../../../broker/metadata/settle.ts'
import type { Transaction } from '../../../broker/metadata/store.ts'
import type { Host } from '../../../host/host.ts'
import { nodeHost } from '../../../host/node/host.ts'
import { LogDirectory } from '../../../storage/log-directory.ts'
import { META_PROPERTIES_FILE } from '../../../storage/names.ts'
import { listStrays, occupantOf, type Stray, takeBack } from '../../../storage/strays.ts'
import { CommandFailure } from '../failure.ts'
import { printJson, printLine, printTable, sizeText } from '../output.ts'

export interface StraysOptions {
  readonly json?: boolean
}

export interface RestoreOptions extends StraysOptions {
  readonly dryRun?: boolean
}

/** Lists the strays of a data folder; a broker may run on it. */
export async function showStrays(folder: string, { json }: StraysOptions): Promise<void> {
  const { disk } = nodeHost()
  const strays = listStrays(disk, folder)
  if (json) {
    for (const stray of strays) printJson(stray)
  } else if (strays.length === 0) {
    printLine(`No folder is set aside in ${folder}.`)
  } else {
    const rows = strays.map(stray => [
      stray.name,
      `${stray.topic}-${stray.partition}`,
      stray.topicId ?? 'unreadable',
      sizeText(stray.sizeBytes),
    ])
    printTable(['FOLDER', 'PARTITION', 'TOPIC ID', 'SIZE'], rows)
  }
}

/** Takes strays back, one after another. Throws CommandFailure at the first that is refused. */
export async function restoreStrays(
  folder: string,
  names: readonly string[],
  options: RestoreOptions,
): Promise<void> {
  const host = nodeHost()
  if (host.disk.stat(`${folder}/${META_PROPERTIES_FILE}`) === null) {
    throw new CommandFailure(`${folder} is no data folder: it has no ${META_PROPERTIES_FILE}.`)
  }
  const directory = await LogDirectory.claim({
    path: folder,
    disk: host.disk,
    loop: host.loop,
    crc32c: host.crc32c,
    random: host.random,
    newId: () => host.random.bytes(16).toString('base64url'),
    nodeId: 1,
    openFilesMax: 16,
  })
  try {
    for (const name of names) await restoreOne(host, directory, name, options)
  } finally {
    directory.abandon()
  }
}

async function restoreOne(
  host: Host,
  directory: LogDirectory,
  name: string,
  { dryRun, json }: RestoreOptions,
): Promise<void> {
  const { disk, clock } = host
  const { path } = directory
  const stray = listStrays(disk, path).find(candidate => candidate.name === name)
  if (stray === undefined) {
    throw new CommandFailure(`${path} has no stray ${name}; "ottla storage strays" lists them.`)
  }
  const store = new LocalStore({ disk, loop: host.loop, crc32c: host.crc32c, folder: path })
  try {
    const restoration = await plan(host, directory, store, stray)
    if ('refusal' in restoration) throw new CommandFailure(`${restoration.refusal}.`)
    const { topic, topicId } = restoration
    if (dryRun !== true) {
      const carryOut = async (transaction: Transaction) => {
        const outcome = await settle(store, transaction, clock)
        if (outcome.kind === 'done') return
        throw new CommandFailure(`The metadata of ${path} could not be written; nothing is lost.`)
      }
      // Before the folder has its name again: a start would end the deletion of a deleted topic.
      await carryOut({ compare: [], operations: [forgetDeletion(topicId)] })
      const hex32 = host.random.bytes(16).toString('hex')
      await takeBack(disk, path, stray, { topic, topicId, hex32 })
      for (const transaction of restoration.plan.flat()) await carryOut(transaction)
    }
    tell(stray, restoration, dryRun === true, json === true)
  } finally {
    await store.close()
  }
}

async function plan(
  host: Host,
  { path, identity }: LogDirectory,
  store: LocalStore,
  stray: Stray,
): Promise<Restoration> {
  const image = await new ClusterView(store, host.loop).load()
  if (image.clusterId === '') {
    return { refusal: `${path} has no metadata yet: start a broker on it once` }
  }
  const config = new BrokerConfig()
  return planRestore(stray, {
    image,
    nodeId: identity.nodeId,
    occupantOf: topic => occupantOf(host.disk, path, topic, stray.partition),
    internalConfigs: topic => internalTopicConfigs(config, topic),
    transactionSizeMax: store.transactionSizeMax,
  })
}

function tell(
  stray: Stray,
  { topic, topicId, isTopicMade }: Exclude<Restoration, { refusal: string }>,
  isDryRun: boolean,
  isJson: boolean,
): void {
  const { name, partition, sizeBytes } = stray
  if (isJson) {
    printJson({ stray: name, topic, partition, topicId, sizeBytes, isTopicMade, isDryRun })
    return
  }
  const verb = isDryRun ? 'Would take back' : 'Took back'
  const how = isTopicMade
    ? `; the topic ${isDryRun ? 'would be' : 'is'} made again, without retention`
    : ''
  printLine(`${verb} ${name} as ${topic}-${partition}${how}.`)
}
