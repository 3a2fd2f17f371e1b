/** Reads tests/vectors/messages-4.3.0.txt: Kafka's own declarations, as plain data. */
import { readFileSync } from 'node:fs'

const FILE = new URL('../vectors/messages-4.3.0.txt', import.meta.url)

export interface SpecField {
  readonly name: string
  /** A primitive, or the name of a struct; `[]` in front of an array's element. */
  readonly type: string
  /** Empty for a tagged field that is in no version otherwise. */
  readonly versions: string
  readonly nullable: string
  readonly tag: number
  readonly tagVersions: string
  readonly flexible: string | null
  /** As written upstream; null if it says nothing. */
  readonly default: string | null
  readonly isIgnorable: boolean
  /** Of the struct, where it is declared in place. */
  readonly fields: SpecField[]
}

export interface SpecMessage {
  readonly name: string
  /** request, response, coordinator-key, coordinator-value, metadata, header or data. */
  readonly kind: string
  readonly key: number
  readonly versions: string
  readonly flexible: string
  readonly isLatestUnstable: boolean
  /** Without `broker`, clients cannot ask it. */
  readonly listeners: readonly string[]
  readonly fields: SpecField[]
  /** Structs that several fields share, by name. */
  readonly structs: Map<string, SpecField[]>
}

export interface MessageSpec {
  readonly messages: readonly SpecMessage[]
  /** What ApiVersions lists: key to versions, or to UNSUPPORTED. */
  readonly listed: ReadonlyMap<number, string>
}

export function readMessageSpec(): MessageSpec {
  const messages: SpecMessage[] = []
  const listed = new Map<number, string>()
  const open: SpecField[][] = []
  for (const line of readFileSync(FILE, 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const words = line.trim().split(/ (?! )/)
    const depth = (line.length - line.trimStart().length) / 2
    if (line.startsWith('listed ')) {
      listed.set(Number(words[1]), words[3]!)
    } else if (depth === 0) {
      messages.push(messageOf(words))
      open[0] = messages.at(-1)!.fields
    } else if (words[0] === 'struct') {
      open[1] = []
      messages.at(-1)!.structs.set(words[1]!, open[1])
    } else {
      const field = fieldOf(line.trim())
      open[depth - 1]!.push(field)
      open[depth] = field.fields
    }
  }
  return { messages, listed }
}

function messageOf(words: readonly string[]): SpecMessage {
  const of = (name: string) => words.find(word => word.startsWith(`${name}=`))?.split('=')[1]
  return {
    name: words[0]!,
    kind: words[1]!,
    key: Number(of('key') ?? -1),
    versions: of('versions')!,
    flexible: of('flexible')!,
    isLatestUnstable: words.includes('latestUnstable'),
    listeners: of('listeners')?.split(',') ?? [],
    fields: [],
    structs: new Map(),
  }
}

function fieldOf(line: string): SpecField {
  // Versions may be empty, which leaves two spaces behind the type.
  const [name, type, versions, ...rest] = line.split(' ')
  const of = (prefix: string) => rest.find(word => word.startsWith(prefix))?.slice(prefix.length)
  const tag = /^(\d+)\((.*)\)$/.exec(of('tag=') ?? '')
  return {
    name: name!,
    type: type!,
    versions: versions!,
    nullable: of('nullable=') ?? 'none',
    tag: tag === null ? -1 : Number(tag[1]),
    tagVersions: tag?.[2] ?? 'none',
    flexible: of('flex=') ?? null,
    default: of('default=') ?? null,
    isIgnorable: rest.includes('ignorable'),
    fields: [],
  }
}
