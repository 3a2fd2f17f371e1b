import { ErrorCode } from '../../protocol/errors.ts'
import { ApiVersionsRequest, ApiVersionsResponse } from '../../protocol/messages/api-versions.ts'
import type { DraftOf } from '../../protocol/schema.ts'
import { api, type ServedApi } from './api.ts'

/** KIP-511: what a client library may call itself and its version. */
const SOFTWARE = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/
const SOFTWARE_CHARS_MAX = 255

/** A feature of the cluster (KIP-584): levels this broker knows, and the one that is in force. */
interface Feature {
  readonly name: string
  readonly min: number
  readonly max: number
  readonly level: number
}

/**
 * Features that clients act on. transaction.version is absent because there are no transactions,
 * so that clients stay with what works; group.version 0 says that there is the classic protocol
 * only (KIP-848 is 1).
 */
const FEATURES: readonly Feature[] = [
  { name: 'group.version', min: 0, max: 0, level: 0 },
  // 25 is Kafka 4.0: the message versions served are those of a 4.3 broker, level 30.
  { name: 'metadata.version', min: 7, max: 30, level: 30 },
]

/** Features never change while a broker runs, so their epoch is a constant that clients accept. */
const FEATURES_EPOCH = 0

/**
 * ApiVersions (key 18): which APIs in which versions, and which features, derived from the list of
 * what is served. Answered before authentication, to everyone (KIP-35, KIP-511, KIP-584).
 */
export function apiVersions(others: readonly ServedApi[]): ServedApi {
  const own: ServedApi = api(
    ApiVersionsRequest,
    ApiVersionsResponse,
    {
      // KIP-511: with UNSUPPORTED_VERSION goes the row a client needs to ask again.
      refuse: (_request, { errorCode }): DraftOf<typeof ApiVersionsResponse> => ({
        errorCode,
        apiKeys: errorCode === ErrorCode.UNSUPPORTED_VERSION ? [row(own)] : [],
      }),
    },
    (request, context) => {
      if (context.apiVersion >= 3) {
        const { clientSoftwareName: name, clientSoftwareVersion: version } = request
        if (!isSoftware(name) || !isSoftware(version)) {
          return { errorCode: ErrorCode.INVALID_REQUEST, apiKeys: [] }
        }
        context.connection.clientSoftware = { name, version }
      }
      return { errorCode: ErrorCode.NONE, apiKeys, ...features(context.apiVersion) }
    },
  )
  const apiKeys = [...others, own].sort((a, b) => a.key - b.key).map(row)
  return own
}

function isSoftware(text: string): boolean {
  return text.length <= SOFTWARE_CHARS_MAX && SOFTWARE.test(text)
}

function row({ key, listed }: ServedApi) {
  return { apiKey: key, minVersion: listed.min, maxVersion: listed.max }
}

function features(version: number) {
  // Before version 4 a minimum of 0 would make Java clients fail.
  const supported = FEATURES.filter(feature => version >= 4 || feature.min > 0)
  const finalized = FEATURES.filter(feature => feature.level > 0)
  return {
    supportedFeatures: supported.map(({ name, min, max }) => ({
      name,
      minVersion: min,
      maxVersion: max,
    })),
    finalizedFeaturesEpoch: FEATURES_EPOCH,
    finalizedFeatures: finalized.map(({ name, level }) => ({
      name,
      maxVersionLevel: level,
      minVersionLevel: level,
    })),
  }
}
