import { withoutListener } from './schema.ts'

/**
 * What a broker without authentication, encryption, an authorizer, compaction or tiered storage
 * endangers when its configuration asks for one of them. This table decides what becomes of a
 * setting that has no effect: the start is refused, a warning says what is endangered, or (for a
 * setting in no row) one line for all such settings says that they have no effect.
 */
export interface Danger {
  /** Matches whole names, without the prefix that restricts a property to one listener. */
  readonly names: RegExp
  /** Whether the broker starts. */
  readonly verdict: 'refused' | 'warned'
  /**
   * Whether a value, in its normal form, asks for what is missing. Default: every value that is
   * neither empty nor Kafka's default.
   */
  readonly asks?: (value: string, setting: GivenSetting) => boolean
  /** What is missing, and what that means for whoever runs the broker. */
  readonly sentence: string
}

/** A setting as it was given at last, by whichever source won. */
export interface GivenSetting {
  readonly name: string
  /** In its normal form. */
  readonly text: string
  /** Kafka's default; null if there is none, or the name is not declared. */
  readonly defaultText: string | null
  /** Where it was written, for sentences. */
  readonly where: string
}

/** A row and the settings that it judges; never without settings. */
export interface Endangered {
  readonly danger: Danger
  readonly settings: readonly GivenSetting[]
}

/** First match wins. */
export const DANGERS: readonly Danger[] = [
  {
    names: /^(authorizer\.class\.name|super\.users)$/,
    verdict: 'refused',
    sentence:
      'this broker has no authorizer: every client that reaches it may read, write and delete ' +
      'everything. Remove the setting if that is wanted',
  },
  {
    names: /^((.*\.)?sasl\.(jaas\.config|server\.callback.*)|sasl\.enabled\.mechanisms)$/,
    verdict: 'refused',
    sentence:
      'this broker has no SASL: it asks no client who it is. Remove the setting if every client ' +
      'may connect',
  },
  {
    names:
      /^ssl\.(client\.auth|engine\.factory\.class|(keystore|truststore)\.(location|key|cert.*))$/,
    verdict: 'refused',
    sentence:
      'this broker has no TLS: it encrypts no connection and asks for no certificate. Put a TLS ' +
      'proxy in front, or remove the setting if plain text is wanted',
  },
  {
    names: /^(security\.inter\.broker|sasl\.mechanism\.(inter\.broker|controller))\.protocol$/,
    verdict: 'refused',
    sentence:
      'this broker speaks neither SASL nor TLS with other brokers and controllers. Remove the ' +
      'setting if the network between them is trusted',
  },
  {
    names: /^(alter\.config|create\.topic)\.policy\.class\.name$|^principal\.builder\.class$/,
    verdict: 'refused',
    sentence:
      'this broker runs no Java classes: what the class forbids would be allowed. Remove the ' +
      'setting if that is wanted',
  },
  {
    names: /^config\.providers$/,
    verdict: 'refused',
    sentence:
      'this broker asks no config provider: a value that names one would be taken as it is ' +
      'written. Write the values themselves',
  },
  {
    names: /^process\.roles$/,
    verdict: 'refused',
    asks: roles => !roles.split(',').includes('broker'),
    sentence: 'this process is a broker and cannot be a controller alone. Add the role "broker"',
  },
  {
    names:
      /^(ssl\..*|(.*\.)?sasl\..*|security\.providers|connections\.max\.reauth\.ms|delegation\..*)$/,
    verdict: 'warned',
    sentence: 'nothing is protected by it: this broker authenticates and encrypts nothing',
  },
  {
    names: /^allow\.everyone\.if\.no\.acl\.found$/,
    verdict: 'warned',
    asks: value => value === 'false',
    sentence: 'nobody is kept out by it: this broker has no authorizer, and everyone may do all',
  },
  {
    names: /^(log\.cleaner\..*|log\.cleanup\.policy)$/,
    verdict: 'warned',
    asks: asksForCompaction,
    sentence: 'this broker compacts no log: topics with cleanup.policy=compact only grow',
  },
  {
    names: /^unclean\.leader\.election\.enable$/,
    verdict: 'warned',
    asks: value => value === 'true',
    sentence:
      'acknowledged records are lost wherever a replica out of sync becomes leader. Partitions ' +
      'of this broker have one replica, so that there is nothing to elect yet',
  },
  {
    names:
      /^(remote\.log\.storage\.(system\.enable|manager\.class\..*)|log\.local\.retention\..*)$/,
    verdict: 'warned',
    sentence:
      'this broker has no tiered storage: every record stays on the local disk until ' +
      'log.retention.* removes it, and a full disk refuses writes',
  },
  {
    names: /^controller\.quorum\.(voters|bootstrap\.servers)$/,
    verdict: 'warned',
    asks: value => value.split(',').length > 1,
    sentence:
      'this broker is a cluster of its own: it does not join the others, and no record has a ' +
      'second replica',
  },
  {
    names: /^(max\.connection\.creation\.rate|max\.connections\.per\.ip\.overrides)$/,
    verdict: 'warned',
    sentence: 'clients are not held to it: max.connections and max.connections.per.ip are limits',
  },
  {
    names: /^client\.quota\.callback\.class$/,
    verdict: 'warned',
    sentence: 'clients are not held to quotas: this broker keeps them and enforces none',
  },
  {
    names: /^cordoned\.log\.dirs$/,
    verdict: 'warned',
    sentence: 'new partitions are placed there all the same: there is one data folder',
  },
]

/** The row for a property, whatever its value; null for names that are in none. */
export function dangerOf(name: string): Danger | null {
  const base = withoutListener(name)
  return DANGERS.find(({ names }) => names.test(base)) ?? null
}

/** The rows that the settings meet, in the order of the table. */
export function endangered(settings: Iterable<GivenSetting>): Endangered[] {
  const met = new Map<Danger, GivenSetting[]>()
  for (const setting of settings) {
    const danger = dangerOf(setting.name)
    if (danger === null || !asks(danger, setting)) continue
    const others = met.get(danger)
    if (others === undefined) met.set(danger, [setting])
    else others.push(setting)
  }
  return DANGERS.flatMap(danger => {
    const found = met.get(danger)
    return found === undefined ? [] : [{ danger, settings: found }]
  })
}

function asks(danger: Danger, setting: GivenSetting): boolean {
  return danger.asks?.(setting.text, setting) ?? differsFromDefault(setting)
}

function differsFromDefault({ text, defaultText }: GivenSetting): boolean {
  return text !== '' && text !== defaultText
}

/** A cleaner that is switched off by its configuration is what there is. */
function asksForCompaction(value: string, setting: GivenSetting): boolean {
  if (setting.name === 'log.cleaner.enable') return value === 'true'
  if (setting.name === 'log.cleanup.policy') return value.split(',').includes('compact')
  return differsFromDefault(setting)
}

/** `f:3: authorizer.class.name, f:4: super.users: this broker has no authorizer ...`. */
export function sentenceOf({ danger, settings }: Endangered): string {
  const named = settings.map(({ name, where }) => `${where}: ${name}`)
  return `${named.join(', ')}: ${danger.sentence}`
}
