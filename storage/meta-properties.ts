/**
 * `meta.properties`: whose folder this is. Text of java.util.Properties:
 *
 *   version=1  cluster.id=<22 characters>  node.id=<int>  directory.id=<22 characters>
 *
 * Version 0 (or none) has `broker.id` in place of `node.id`. Key order and comments don't matter;
 * ':' '=' and '\' are escaped by '\'.
 */
export interface DirectoryIdentity {
  readonly clusterId: string
  readonly nodeId: number
  readonly directoryId: string
}

/** It cannot be told whose folder it is: the file is another version's, or damaged. */
export class UnreadableIdentity extends Error {
  override readonly name = 'UnreadableIdentity'
}

/** What the file says; null where it does not. */
export interface StoredIdentity {
  readonly clusterId: string | null
  readonly nodeId: number | null
  readonly directoryId: string | null
}

/** Throws UnreadableIdentity for a version that is not known or a node that is no number. */
export function parseMetaProperties(text: string): StoredIdentity {
  const properties = parseProperties(text)
  const version = properties.get('version') ?? '0'
  if (version !== '0' && version !== '1') {
    throw new UnreadableIdentity(`meta.properties has version ${version}`)
  }
  const node = properties.get('node.id') ?? properties.get('broker.id') ?? null
  if (node !== null && !/^\d{1,10}$/.test(node)) {
    throw new UnreadableIdentity(`meta.properties names node '${node}', which is not a number`)
  }
  return {
    clusterId: properties.get('cluster.id') ?? null,
    nodeId: node === null ? null : Number(node),
    directoryId: properties.get('directory.id') ?? null,
  }
}

export function formatMetaProperties(identity: DirectoryIdentity): string {
  return [
    'version=1',
    `cluster.id=${escapeValue(identity.clusterId)}`,
    `directory.id=${escapeValue(identity.directoryId)}`,
    `node.id=${identity.nodeId}`,
    '',
  ].join('\n')
}

function escapeValue(value: string): string {
  return value.replaceAll(/[\\:=#!]/g, character => `\\${character}`)
}

function parseProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const trimmed = line.trimStart()
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith('!')) continue
    const match = /^((?:\\.|[^\\=:\s])+)\s*[=:\s]\s*(.*)$/.exec(trimmed)
    if (match === null) continue
    properties.set(unescaped(match[1] ?? ''), unescaped(match[2] ?? '').trimEnd())
  }
  return properties
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, '$1')
}
