import { array, bool, int16, int32, int64, message, string, type ValueOf } from '../schema.ts'

/**
 * ApiVersions (key 18): which versions of which APIs the broker speaks: the first request of a
 * connection.
 * v1 throttle time · v3 flexible, client software (KIP-511), features (KIP-584) · v4 features may
 * start at 0 (KIP-1022). The response's header is never flexible, and its v0 answers any version
 * that is too new (KIP-511).
 */
export const ApiVersionsRequest = message(
  18,
  'ApiVersionsRequest',
  { versions: '0-4', flexible: '3+' },
  {
    /** Letters, digits, dots and dashes (KIP-511). */
    clientSoftwareName: string('3+').default('').ignorable(),
    clientSoftwareVersion: string('3+').default('').ignorable(),
  },
)
export type ApiVersionsRequest = ValueOf<typeof ApiVersionsRequest>

export const ApiVersionsResponse = message(
  18,
  'ApiVersionsResponse',
  { versions: '0-4', flexible: '3+' },
  {
    errorCode: int16('0+'),
    apiKeys: array('0+', {
      apiKey: int16('0+'),
      minVersion: int16('0+'),
      maxVersion: int16('0+'),
    }),
    throttleTimeMs: int32('1+').default(0).ignorable(),
    supportedFeatures: array('3+', {
      name: string('3+'),
      minVersion: int16('3+'),
      maxVersion: int16('3+'),
    })
      .tag(0)
      .ignorable(),
    /** -1 if unknown. */
    finalizedFeaturesEpoch: int64('3+').tag(1).default(-1).ignorable(),
    finalizedFeatures: array('3+', {
      name: string('3+'),
      maxVersionLevel: int16('3+'),
      minVersionLevel: int16('3+'),
    })
      .tag(2)
      .ignorable(),
    zkMigrationReady: bool('3+').tag(3).default(false).ignorable(),
  },
)
export type ApiVersionsResponse = ValueOf<typeof ApiVersionsResponse>
