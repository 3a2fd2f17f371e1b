import { connectionOverridesFault } from './checks.ts'
import { Property, type PropertyKind, type PropertyRules, type UpdateMode } from './property.ts'

/**
 * Properties Kafka 4.3 has and this broker does not act on: read, kept and described, so that a
 * Kafka configuration starts unchanged, and reported as ignored. A line is: name, kind; `one` or
 * `all` where a change may be made at run time, for one broker or for all; the range of numbers;
 * `in:` or `any-case:` and the values there are; `when-set` where Kafka tells a property only while
 * it has a value; the default. `#` begins a family and says what the
 * family is about. Text, because most lines are never looked at.
 */
const TABLE = `
# Authentication by SASL.
sasl.client.callback.handler.class class
sasl.enabled.mechanisms list one =GSSAPI
sasl.jaas.config password one
sasl.kerberos.kinit.cmd string one =/usr/bin/kinit
sasl.kerberos.min.time.before.relogin long one =60000
sasl.kerberos.principal.to.local.rules list one =DEFAULT
sasl.kerberos.service.name string one
sasl.kerberos.ticket.renew.jitter double one =0.05
sasl.kerberos.ticket.renew.window.factor double one =0.8
sasl.login.callback.handler.class class
sasl.login.class class
sasl.login.connect.timeout.ms int
sasl.login.read.timeout.ms int
sasl.login.refresh.buffer.seconds short one =300
sasl.login.refresh.min.period.seconds short one =60
sasl.login.refresh.window.factor double one =0.8
sasl.login.refresh.window.jitter double one =0.05
sasl.login.retry.backoff.max.ms long =10000
sasl.login.retry.backoff.ms long =100
sasl.mechanism.controller.protocol string =GSSAPI
sasl.mechanism.inter.broker.protocol string one =GSSAPI
sasl.oauthbearer.assertion.algorithm string any-case:es256|rs256 =RS256
sasl.oauthbearer.assertion.claim.aud string
sasl.oauthbearer.assertion.claim.exp.seconds int 0..86400 =300
sasl.oauthbearer.assertion.claim.iss string
sasl.oauthbearer.assertion.claim.jti.include boolean =false
sasl.oauthbearer.assertion.claim.nbf.seconds int 0..3600 =60
sasl.oauthbearer.assertion.claim.sub string
sasl.oauthbearer.assertion.file string
sasl.oauthbearer.assertion.private.key.file string
sasl.oauthbearer.assertion.private.key.passphrase password
sasl.oauthbearer.assertion.template.file string
sasl.oauthbearer.client.credentials.client.id string
sasl.oauthbearer.client.credentials.client.secret password
sasl.oauthbearer.clock.skew.seconds int =30
sasl.oauthbearer.expected.audience list =
sasl.oauthbearer.expected.issuer string
sasl.oauthbearer.jwks.endpoint.refresh.ms long =3600000
sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms long =10000
sasl.oauthbearer.jwks.endpoint.retry.backoff.ms long =100
sasl.oauthbearer.jwks.endpoint.url string
sasl.oauthbearer.jwt.retriever.class class =org.apache.kafka.common.security.oauthbearer.\
DefaultJwtRetriever
sasl.oauthbearer.jwt.validator.class class =org.apache.kafka.common.security.oauthbearer.\
DefaultJwtValidator
sasl.oauthbearer.scope string
sasl.oauthbearer.scope.claim.name string =scope
sasl.oauthbearer.sub.claim.name string =sub
sasl.oauthbearer.token.endpoint.url string
sasl.server.callback.handler.class class
sasl.server.max.receive.size int =524288
# Authorization and pluggable policies.
allow.everyone.if.no.acl.found boolean when-set =false
alter.config.policy.class.name class
authorizer.class.name string =
config.providers list all =
connection.failed.authentication.delay.ms int 0.. =100
connections.max.reauth.ms long =0
create.topic.policy.class.name class
principal.builder.class class one =org.apache.kafka.common.security.authenticator.\
DefaultKafkaPrincipalBuilder
security.providers string
super.users string when-set =
# Client quotas.
client.quota.callback.class class
quota.window.num int 1.. =11
quota.window.size.seconds int 1.. =1
# Client telemetry (KIP-714).
telemetry.max.bytes int 1.. =1048576
# Compaction of logs.
log.cleaner.min.cleanable.ratio double all 0..1 =0.5
log.cleaner.backoff.ms long all 0.. =15000
log.cleaner.dedupe.buffer.size long all 1048576.. =134217728
log.cleaner.delete.retention.ms long all 0.. =86400000
log.cleaner.enable boolean =true
log.cleaner.io.buffer.load.factor double all =0.9
log.cleaner.io.buffer.size int all 0.. =524288
log.cleaner.io.max.bytes.per.second double all =1.7976931348623157E308
log.cleaner.max.compaction.lag.ms long all 1.. =9223372036854775807
log.cleaner.min.compaction.lag.ms long all 0.. =0
log.cleaner.threads int all 0.. =1
# Delegation tokens.
delegation.token.expiry.check.interval.ms long 1.. =3600000
delegation.token.expiry.time.ms long 1.. =86400000
delegation.token.max.lifetime.ms long 1.. =604800000
delegation.token.secret.key password
# Encryption and authentication by TLS.
ssl.allow.dn.changes boolean =false
ssl.allow.san.changes boolean =false
ssl.cipher.suites list one =
ssl.client.auth string one in:required|requested|none =none
ssl.enabled.protocols list one =TLSv1.2,TLSv1.3
ssl.endpoint.identification.algorithm string one =https
ssl.engine.factory.class class one
ssl.key.password password one
ssl.keymanager.algorithm string one =SunX509
ssl.keystore.certificate.chain password one
ssl.keystore.key password one
ssl.keystore.location string one
ssl.keystore.password password one
ssl.keystore.type string one =JKS
ssl.principal.mapping.rules string =DEFAULT
ssl.protocol string one =TLSv1.3
ssl.provider string one
ssl.secure.random.implementation string one
ssl.trustmanager.algorithm string one =PKIX
ssl.truststore.certificates password one
ssl.truststore.location string one
ssl.truststore.password password one
ssl.truststore.type string one =JKS
# Metrics of the Java broker.
kafka.metrics.polling.interval.secs int 1.. =10
kafka.metrics.reporters list =
metric.reporters list all =org.apache.kafka.common.metrics.JmxReporter
metrics.num.samples int 1.. =2
metrics.recording.level string =INFO
metrics.sample.window.ms long 1.. =30000
# Moving replicas between log directories.
replica.alter.log.dirs.io.max.bytes.per.second long all when-set 0..
alter.log.dirs.replication.quota.window.num int 1.. =11
alter.log.dirs.replication.quota.window.size.seconds int 1.. =1
cordoned.log.dirs list one =
# Replication between brokers.
leader.replication.throttled.rate long all when-set 0..
follower.replication.throttled.rate long all when-set 0..
auto.leader.rebalance.enable boolean =true
inter.broker.listener.name string
leader.imbalance.check.interval.seconds long 1.. =300
num.replica.alter.log.dirs.threads int
num.replica.fetchers int all 1.. =1
replica.fetch.backoff.ms int 0.. =1000
replica.fetch.max.bytes int 0.. =1048576
replica.fetch.min.bytes int =1
replica.fetch.response.max.bytes int 0.. =10485760
replica.fetch.wait.max.ms int =500
replica.lag.time.max.ms long =30000
replica.selector.class string
replica.socket.receive.buffer.bytes int =65536
replica.socket.timeout.ms int =30000
replication.quota.window.num int 1.. =11
replication.quota.window.size.seconds int 1.. =1
security.inter.broker.protocol string in:PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL =PLAINTEXT
# Share groups (KIP-932).
group.share.assignment.interval.ms int all 0.. =1000
group.share.assignors list =simple
group.share.delivery.count.limit int 2..10 =5
group.share.heartbeat.interval.ms int 1.. =5000
group.share.max.assignment.interval.ms int 0.. =15000
group.share.max.delivery.count.limit int 5..25 =10
group.share.max.heartbeat.interval.ms int 1.. =15000
group.share.max.partition.max.record.locks int 2000..10000 =4000
group.share.max.record.lock.duration.ms int 30000..3600000 =60000
group.share.max.session.timeout.ms int 1.. =60000
group.share.max.share.sessions int 1.. =2000
group.share.max.size int 1..1000 =200
group.share.min.assignment.interval.ms int 0.. =0
group.share.min.delivery.count.limit int 2..5 =2
group.share.min.heartbeat.interval.ms int 1.. =5000
group.share.min.partition.max.record.locks int 100..2000 =100
group.share.min.record.lock.duration.ms int 1000..30000 =15000
group.share.min.session.timeout.ms int 1.. =45000
group.share.partition.max.record.locks int 100..10000 =2000
group.share.record.lock.duration.ms int 1000..3600000 =30000
group.share.session.timeout.ms int 1.. =45000
share.coordinator.append.linger.ms int -1.. =-1
share.coordinator.cached.buffer.max.bytes int all 524288.. =1048588
share.coordinator.load.buffer.size int 1.. =5242880
share.coordinator.snapshot.update.records.per.snapshot int 0..500 =500
share.coordinator.state.topic.compression.codec int =0
share.coordinator.state.topic.min.isr short 1.. =2
share.coordinator.state.topic.num.partitions int 1.. =50
share.coordinator.state.topic.replication.factor short 1.. =3
share.coordinator.state.topic.segment.bytes int 1.. =104857600
share.coordinator.threads int 1.. =1
share.coordinator.write.timeout.ms int 1.. =5000
share.fetch.purgatory.purge.interval.requests int =1000
# Streams groups (KIP-1071).
group.streams.assignment.interval.ms int all 0.. =1000
group.streams.heartbeat.interval.ms int 1.. =5000
group.streams.initial.rebalance.delay.ms int 0.. =3000
group.streams.max.assignment.interval.ms int 0.. =15000
group.streams.max.heartbeat.interval.ms int 1.. =15000
group.streams.max.session.timeout.ms int 1.. =60000
group.streams.max.size int 1.. =2147483647
group.streams.max.standby.replicas int 0.. =2
group.streams.min.assignment.interval.ms int 0.. =0
group.streams.min.heartbeat.interval.ms int 1.. =5000
group.streams.min.session.timeout.ms int 1.. =45000
group.streams.num.standby.replicas int 0.. =0
group.streams.session.timeout.ms int 1.. =45000
# The KRaft controller; this broker keeps its metadata in a store of its own.
broker.heartbeat.interval.ms int =2000
broker.session.timeout.ms int =9000
controller.listener.names list
controller.quorum.append.linger.ms int 0.. =25
controller.quorum.auto.join.enable boolean =false
controller.quorum.bootstrap.servers list =
controller.quorum.election.backoff.max.ms int 0.. =1000
controller.quorum.election.timeout.ms int 0.. =1000
controller.quorum.fetch.max.bytes int 1.. =1048576
controller.quorum.fetch.snapshot.max.bytes int 1.. =1048576
controller.quorum.fetch.timeout.ms int 0.. =2000
controller.quorum.request.timeout.ms int 0.. =2000
controller.quorum.retry.backoff.ms int 0.. =20
controller.quorum.voters list =
controller.quota.window.num int 1.. =11
controller.quota.window.size.seconds int 1.. =1
controller.socket.timeout.ms int =30000
early.start.listeners list
initial.broker.registration.timeout.ms int =60000
process.roles list in:broker|controller
# The KRaft metadata log; this broker keeps its metadata in a store of its own.
metadata.log.dir string
metadata.log.max.record.bytes.between.snapshots long 1.. =20971520
metadata.log.max.snapshot.interval.ms long 0.. =3600000
metadata.log.segment.bytes int 8388608.. =1073741824
metadata.log.segment.ms long =604800000
metadata.max.idle.interval.ms int 0.. =500
metadata.max.retention.bytes long =104857600
metadata.max.retention.ms long =604800000
# The consumer group protocol of KIP-848.
group.consumer.assignment.interval.ms int all 0.. =1000
group.consumer.assignors list =uniform,range
group.consumer.heartbeat.interval.ms int 1.. =5000
group.consumer.max.assignment.interval.ms int 0.. =15000
group.consumer.max.heartbeat.interval.ms int 1.. =15000
group.consumer.max.session.timeout.ms int 1.. =60000
group.consumer.max.size int 1.. =2147483647
group.consumer.migration.policy string any-case:disabled|downgrade|upgrade|bidirectional \
=bidirectional
group.consumer.min.assignment.interval.ms int 0.. =0
group.consumer.min.heartbeat.interval.ms int 1.. =5000
group.consumer.min.session.timeout.ms int 1.. =45000
group.consumer.session.timeout.ms int 1.. =45000
# Threads, buffers and housekeeping of the Java broker.
background.threads int all 1.. =10
compression.lz4.level int all 1..17 =9
controlled.shutdown.enable boolean =true
delete.records.purgatory.purge.interval.requests int =1
fetch.purgatory.purge.interval.requests int =1000
log.dir.failure.timeout.ms long 1.. =30000
log.preallocate boolean all =false
max.connection.creation.rate int all 0.. =2147483647
max.connections.per.ip.overrides string all =
num.io.threads int all 1.. =8
num.network.threads int all 1.. =3
num.recovery.threads.per.data.dir int all 1.. =2
offsets.load.buffer.size int 1.. =5242880
offsets.topic.compression.codec int =0
producer.purgatory.purge.interval.requests int =1000
request.timeout.ms int =30000
socket.connection.setup.timeout.max.ms long =30000
socket.connection.setup.timeout.ms long =10000
socket.receive.buffer.bytes int =102400
socket.send.buffer.bytes int =102400
# Threads, buffers and protocols of the group coordinator.
group.coordinator.append.linger.ms int -1.. =-1
group.coordinator.background.threads int 1.. =2
group.coordinator.cached.buffer.max.bytes int all 524288.. =1048588
group.coordinator.rebalance.\
protocols list in:consumer|classic|share|streams =classic,consumer,streams
group.coordinator.threads int 1.. =4
# Tiered storage (KIP-405).
follower.fetch.last.tiered.offset.enable boolean all =false
log.local.retention.bytes long all -2.. =-2
log.local.retention.ms long all -2.. =-2
remote.fetch.max.wait.ms int all 1.. =500
remote.list.offsets.request.timeout.ms long all 1.. =30000
remote.log.index.file.cache.total.size.bytes long all 1.. =1073741824
remote.log.manager.copier.thread.pool.size int all 1.. =10
remote.log.manager.copy.max.bytes.per.second long all 1.. =9223372036854775807
remote.log.manager.copy.quota.window.num int 1.. =11
remote.log.manager.copy.quota.window.size.seconds int 1.. =1
remote.log.manager.expiration.thread.pool.size int all 1.. =10
remote.log.manager.fetch.max.bytes.per.second long all 1.. =9223372036854775807
remote.log.manager.fetch.quota.window.num int 1.. =11
remote.log.manager.fetch.quota.window.size.seconds int 1.. =1
remote.log.manager.follower.thread.pool.size int all 1.. =2
remote.log.manager.task.interval.ms long 1.. =30000
remote.log.manager.thread.pool.size int 1.. =2
remote.log.metadata.custom.metadata.max.bytes int 0.. =128
remote.log.metadata.manager.class.name string =org.apache.kafka.server.log.remote.metadata.\
storage.TopicBasedRemoteLogMetadataManager
remote.log.metadata.manager.class.path string
remote.log.metadata.manager.impl.prefix string =rlmm.config.
remote.log.metadata.manager.listener.name string
remote.log.reader.max.pending.tasks int 1.. =100
remote.log.reader.threads int all 1.. =10
remote.log.storage.manager.class.name string
remote.log.storage.manager.class.path string
remote.log.storage.manager.impl.prefix string =rsm.config.
remote.log.storage.system.enable boolean =false
# Transactions across partitions.
add.partitions.to.txn.retry.backoff.max.ms int 0.. =100
add.partitions.to.txn.retry.backoff.ms int 1.. =20
transaction.abort.timed.out.transaction.cleanup.interval.ms int 1.. =10000
transaction.partition.verification.enable boolean all =true
transaction.remove.expired.transaction.cleanup.interval.ms int 1.. =3600000
transaction.state.log.load.buffer.size int 1.. =5242880
transaction.state.log.min.isr int 1.. =2
transaction.state.log.num.partitions int 1.. =50
transaction.state.log.replication.factor short 1.. =3
transaction.state.log.segment.bytes int 1.. =104857600
transaction.two.phase.commit.enable boolean =false
transactional.id.expiration.ms int 1.. =604800000
`

const CHECKS: Readonly<Record<string, PropertyRules['check']>> = {
  'max.connections.per.ip.overrides': connectionOverridesFault,
}

/** By name. Parsed on each call: hold on to the result. */
export function ignoredProperties(): Map<string, Property<unknown>> {
  const properties = new Map<string, Property<unknown>>()
  let family = ''
  for (const line of TABLE.split('\n')) {
    if (line.startsWith('# ')) family = line.slice(2)
    const fields = /^([a-z][^ ]*) (\w+)((?: [^ =]+)*)(?: =(.*))?$/.exec(line)
    if (fields === null) continue
    const [, name, kind, words = '', defaultText] = fields
    const check = CHECKS[name as string]
    const rules = {
      ...rulesOf(words),
      ...(check && { check }),
      accepted: 'ignored',
      doc: family,
    } as const
    properties.set(name as string, new Property(kind as PropertyKind, defaultText ?? null, rules))
  }
  return properties
}

const UPDATE: Readonly<Record<string, UpdateMode>> = { one: 'per-broker', all: 'cluster-wide' }

function rulesOf(words: string): Omit<PropertyRules, 'doc'> {
  let rules: Omit<PropertyRules, 'doc'> = {}
  for (const word of words.split(' ')) {
    const update = UPDATE[word]
    const range = /^(-?[\d.]+?)\.\.([\d.]*)$/.exec(word)
    const choice = /^(in|any-case):(.*)$/.exec(word)
    if (update !== undefined) rules = { ...rules, update }
    if (word === 'when-set') rules = { ...rules, toldWhenSet: true }
    if (range !== null) rules = { ...rules, min: Number(range[1]) }
    if (range?.[2]) rules = { ...rules, max: Number(range[2]) }
    if (choice !== null) {
      const oneOf = (choice[2] as string).split('|')
      rules = { ...rules, oneOf, ignoreCase: choice[1] === 'any-case' }
    }
  }
  return rules
}
