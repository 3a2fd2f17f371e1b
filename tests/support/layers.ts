/**
 * Who may import whom. THINK HARD BEFORE CHANGING THIS TABLE: it is the architecture. A file that
 * needs what its row refuses is most often in the wrong folder, or asks for a thing where it should
 * be handed a value.
 */
export interface Row {
  /** Files whose path begins with one of these, unless an earlier row has them. */
  readonly files: readonly string[]
  /** What they may import: paths of ours that begin so, and modules of others by name. */
  readonly may: readonly string[]
  /** What they may import besides, but types only. */
  readonly types?: readonly string[]
  readonly why: string
}

const SEAM = ['host/disk-error.ts', 'host/log-levels.ts']
const HOST_TYPES = ['host/host.ts']

/** Decisions: they get numbers and values, and give records and replies. */
export const PURE_CORE = [
  'broker/image/image.ts',
  'broker/image/delta.ts',
  'broker/image/topic-names.ts',
  'broker/cluster/commands.ts',
  'broker/cluster/controller.ts',
  'broker/cluster/create-topics.ts',
  'broker/cluster/plan.ts',
  'broker/cluster/transitions.ts',
  'broker/cluster/placement.ts',
  'broker/cluster/election.ts',
  'broker/cluster/liveness.ts',
  'broker/coordinator/group/',
  'broker/coordinator/machine.ts',
  'broker/coordinator/transaction/machine.ts',
  'broker/partition/validate.ts',
  'broker/partition/watermark.ts',
  'broker/partition/isr.ts',
  'broker/partition/truncation.ts',
  'broker/security/acl.ts',
]

const CORE_TYPES = [
  'broker/metadata/store.ts',
  'broker/image/',
  'broker/cluster/',
  'broker/partition/',
  'broker/coordinator/',
  'broker/security/',
]

const BROKER_CORE = [
  'broker/partition/',
  'broker/coordinator/',
  'broker/metadata/',
  'broker/image/',
  'broker/cluster/',
  'broker/security/',
  'broker/config/',
]

/** First match wins. */
export const TABLE: readonly Row[] = [
  {
    files: ['host/host.ts', ...SEAM],
    may: [],
    types: HOST_TYPES,
    why: 'the seam depends on nothing',
  },
  {
    files: ['host/node/native.ts'],
    may: ['host/node/', ...SEAM, 'node:', 'koffi', '@node-rs/crc32'],
    types: HOST_TYPES,
    why: 'the one importer of native packages',
  },
  {
    files: ['host/node/'],
    may: ['host/node/', ...SEAM, 'node:', 'pino'],
    types: HOST_TYPES,
    why: 'the real world, and nothing of the broker',
  },
  {
    files: ['host/sim/'],
    may: ['host/sim/', ...SEAM],
    types: HOST_TYPES,
    why: 'a world of its own: nothing real',
  },
  {
    files: ['protocol/records/compression.ts'],
    may: ['protocol/', 'node:assert', 'node:zlib'],
    why: 'the one importer of node:zlib',
  },
  { files: ['protocol/'], may: ['protocol/', 'node:assert'], why: 'bytes to values: pure' },
  {
    files: ['storage/'],
    may: ['storage/', 'protocol/records/', 'protocol/integers.ts', ...SEAM, 'node:assert'],
    types: [...HOST_TYPES, 'protocol/uuid.ts'],
    why: 'logs on disk: no sockets, no error codes, no clock, no logger',
  },
  {
    files: PURE_CORE,
    may: [
      ...['protocol/', 'storage/units.ts', ...PURE_CORE, 'node:assert'],
      ...['broker/image/values.ts', 'broker/config/alter.ts'],
    ],
    types: [...HOST_TYPES, ...CORE_TYPES],
    why: 'pure decisions: no Host, no Log, no config object',
  },
  {
    files: ['broker/config/', 'broker/image/values.ts'],
    may: ['broker/config/', 'broker/cluster/', 'protocol/', ...SEAM, 'node:assert', 'zod'],
    types: [...HOST_TYPES, 'storage/', 'broker/'],
    why: 'names and values of configuration',
  },
  {
    files: ['broker/api/'],
    may: [
      ...['broker/api/', 'protocol/', 'broker/config/', 'broker/security/', 'broker/services.ts'],
      ...['broker/image/image.ts', 'broker/cluster/commands.ts'],
      ...['broker/image/topic-names.ts', 'broker/partition/outcome.ts'],
      'broker/partition/delayed-fetch.ts',
    ],
    types: [...HOST_TYPES, 'broker/'],
    why: 'handlers reach partitions, coordinators and cluster through their context',
  },
  {
    files: ['broker/network/'],
    may: [
      'broker/network/',
      'broker/api/',
      'broker/security/',
      'protocol/',
      ...SEAM,
      'node:assert',
    ],
    types: [...HOST_TYPES, 'broker/services.ts', 'broker/config/'],
    why: 'requests in, responses out: no partition, no storage',
  },
  {
    files: ['broker/services.ts'],
    may: ['protocol/'],
    types: [...HOST_TYPES, 'broker/', 'storage/'],
    why: 'types only',
  },
  {
    files: [
      'broker/main.ts',
      'broker/start.ts',
      'broker/in-process.ts',
      'broker/testing/',
      'client/index.ts',
      'client/cli/',
    ],
    may: ['broker/', 'client/', 'host/', 'protocol/', 'storage/', 'node:', 'commander', 'zod'],
    why: 'composition roots choose the host',
  },
  {
    files: ['broker/image/'],
    may: ['broker/image/', 'broker/metadata/', 'protocol/', ...SEAM, 'node:assert'],
    types: HOST_TYPES,
    why: 'facts of the cluster: below whatever acts on them',
  },
  {
    files: ['broker/partition/'],
    may: [
      ...['broker/partition/', 'broker/image/', 'broker/config/', 'storage/', 'protocol/'],
      ...[...SEAM, 'node:assert'],
    ],
    types: [...HOST_TYPES, 'broker/services.ts'],
    why: 'one replica: no coordinator, and no decision of the cluster',
  },
  {
    files: ['broker/reconcile/'],
    may: [
      ...['broker/reconcile/', 'broker/partition/', 'broker/image/', 'broker/metadata/'],
      ...['broker/config/', 'storage/', 'protocol/', ...SEAM, 'node:assert'],
    ],
    types: [...HOST_TYPES, 'broker/services.ts', 'broker/conditions.ts'],
    why: 'the image made true on this broker',
  },
  {
    files: BROKER_CORE,
    may: [...BROKER_CORE, 'storage/', 'protocol/', ...SEAM, 'node:assert', 'node:crypto'],
    types: [...HOST_TYPES, 'broker/services.ts', 'broker/conditions.ts'],
    why: 'no network, no api, no implementation of a host',
  },
  {
    files: ['broker/'],
    may: ['broker/', 'storage/', 'protocol/', ...SEAM, 'node:assert'],
    types: HOST_TYPES,
    why: 'all of the broker, host types only',
  },
  {
    files: ['client/'],
    may: ['client/', 'protocol/', ...SEAM, 'node:assert', 'node:crypto'],
    types: HOST_TYPES,
    why: 'the other end of the wire shares only the protocol',
  },
]

/** Packages for one purpose each. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  leven: ['broker/config/', 'client/cli/'],
  msgpackr: ['broker/metadata/', 'broker/coordinator/'],
  zod: ['broker/metadata/'],
}
