// latency: how long does a record take from its producer to its consumer?
//
//   latency PORT TOPIC RATE WARMUP_S MEASURE_S SLOW_US WATCHED_PID REQUEST_FILE
//
// One connection sends REQUEST_FILE (a Produce v7 of one batch of one record for partition 0 of
// TOPIC) RATE times a second, open loop: a late answer never delays what is sent next. Another
// connection keeps one Fetch v11 open (min_bytes 1, max_wait 500 ms). A latency runs from the time
// at which a record was due to be sent to the time at which the response that carries its offset
// was read. Of it the load's own parts are told apart: how late this program wrote the record, and
// how long the response lay in its socket (the kernel's receive time, SO_TIMESTAMPNS) until this
// program read it. What is between is the broker's, wake-ups of its process by the kernel included.
//
// One thread serves both sockets and the timer, so that the load does not wait for itself. Prints
// "measure" one second before the measurement begins (what the bench asks of the broker then must
// not be measured) and one line of JSON at the end. With WATCHED_PID other than 0 the JSON also
// tells what the kernel counted of that process from a record's writing to the first writing after
// its reading (what a thread runs is counted when the thread stops): "ran", the CPU of all its
// threads, and names each record slower than SLOW_US: four times in us of CLOCK_MONOTONIC (due,
// written, received by the kernel, read), what the process ran, and how long its main thread was
// ready to run while the core did other work, in us. Whatever else a busy machine does to a
// latency, a broker that is confined to one core has not taken more of it than it ran, and what it
// waited for the disk.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER_BYTES = 4 << 20, SLOW_MAX = 2000, DRAIN_US = 3000000 };

typedef struct { int fd; size_t have; unsigned char *bytes; int64_t received; } Connection;
typedef struct { int64_t due, written, received, seen; int64_t ran, waited; } Record;

static const char *topic;
static int topicBytes, watched = -1;
static clockid_t watchedCpu;
static Record *records;
static int64_t total, firstOffset = -1, nextOffset, seenCount, settled;

static void fail(const char *why) { fprintf(stderr, "latency: %s\n", why); exit(1); }

static int64_t clockUs(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static int64_t now(void) { return clockUs(CLOCK_MONOTONIC); }

static uint32_t get32(const unsigned char *p) { uint32_t v; memcpy(&v, p, 4); return be32toh(v); }
static uint64_t get64(const unsigned char *p) { uint64_t v; memcpy(&v, p, 8); return be64toh(v); }
static int get16(const unsigned char *p) { return (int16_t)((p[0] << 8) | p[1]); }

static Connection dial(int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, (void *)&to, sizeof to) != 0) fail("cannot connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  return (Connection){fd, 0, malloc(BUFFER_BYTES), 0};
}

static void writeAll(int fd, const unsigned char *p, size_t n) {
  while (n > 0) {
    ssize_t put = send(fd, p, n, MSG_NOSIGNAL);
    if (put <= 0) fail("the broker closed a connection");
    p += put;
    n -= put;
  }
}

// Reads once; notes when the kernel got what was read last, on the monotonic clock.
static void readSome(Connection *c) {
  char control[128];
  struct iovec into = {c->bytes + c->have, BUFFER_BYTES - c->have};
  struct msghdr message = {
      .msg_iov = &into, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t got = recvmsg(c->fd, &message, 0);
  if (got <= 0) fail("the broker closed a connection");
  c->have += got;
  c->received = now();
  for (struct cmsghdr *m = CMSG_FIRSTHDR(&message); m; m = CMSG_NXTHDR(&message, m)) {
    if (m->cmsg_level != SOL_SOCKET || m->cmsg_type != SCM_TIMESTAMPNS) continue;
    struct timespec stamp;
    memcpy(&stamp, CMSG_DATA(m), sizeof stamp);
    int64_t lay = clockUs(CLOCK_REALTIME) - (stamp.tv_sec * 1000000LL + stamp.tv_nsec / 1000);
    if (lay > 0) c->received -= lay;
  }
}

// The length of the whole frame at the start of what was read, its length field included, or 0.
static size_t wholeFrame(const Connection *c) {
  if (c->have < 4) return 0;
  size_t n = 4 + (size_t)get32(c->bytes);
  if (n > BUFFER_BYTES) fail("a response is too long");
  return c->have < n ? 0 : n;
}

static void drop(Connection *c, size_t n) {
  memmove(c->bytes, c->bytes + n, c->have - n);
  c->have -= n;
}

static unsigned char *put16(unsigned char *p, int v) { uint16_t b = htobe16(v); memcpy(p, &b, 2); return p + 2; }
static unsigned char *put32(unsigned char *p, int32_t v) { uint32_t b = htobe32(v); memcpy(p, &b, 4); return p + 4; }
static unsigned char *put64(unsigned char *p, int64_t v) { uint64_t b = htobe64(v); memcpy(p, &b, 8); return p + 8; }

static void fetch(int fd) {
  unsigned char frame[512], *p = frame + 4;
  p = put32(put16(put16(p, 1), 11), 7);                // Fetch, version, correlation id
  p = put16(p, 5); memcpy(p, "bench", 5); p += 5;
  p = put32(put32(put32(put32(p, -1), 500), 1), 1 << 20); // replica, max wait, min and max bytes
  *p++ = 0;                                            // isolation level
  p = put32(put32(put32(p, 0), -1), 1);                // no session; one topic
  p = put16(p, topicBytes); memcpy(p, topic, topicBytes); p += topicBytes;
  p = put32(put32(put32(p, 1), 0), -1);                // one partition: 0, any leader epoch
  p = put32(put64(put64(p, nextOffset), -1), 1 << 20); // fetch offset, log start, max bytes
  p = put16(put32(p, 0), 0);                           // nothing forgotten, no rack
  put32(frame, p - frame - 4);
  writeAll(fd, frame, p - frame);
}

// What the kernel counted of the watched process, in us: CPU of all threads, and how long the main
// thread was ready but not on the core.
static void schedule(int64_t *ran, int64_t *waited) {
  char text[96];
  ssize_t n = pread(watched, text, sizeof text - 1, 0);
  unsigned long long on = 0, off = 0;
  if (n > 0) { text[n] = 0; sscanf(text, "%llu %llu", &on, &off); }
  *ran = clockUs(watchedCpu);
  *waited = off / 1000;
}

// Ends the account of the records that were read since the last call.
static void settle(int64_t ran, int64_t waited) {
  for (; settled < total && records[settled].seen; settled++) {
    records[settled].ran = ran - records[settled].ran;
    records[settled].waited = waited - records[settled].waited;
  }
}

static void onFetched(const Connection *c, size_t frameBytes) {
  int64_t at = now();
  const unsigned char *end = c->bytes + frameBytes;
  // length, correlation id, throttle, error, session, topics, name, partitions, index
  const unsigned char *p = c->bytes + 4 + 4 + 4 + 2 + 4 + 4 + 2 + topicBytes + 4 + 4;
  if (get16(p) != 0) fail("a fetch was answered with an error");
  p += 2 + 8 + 8 + 8;
  int32_t aborted = get32(p);
  p += 4 + (aborted > 0 ? 16 * aborted : 0) + 4;
  int32_t sizeBytes = get32(p);
  p += 4;
  if (sizeBytes > 0 && p + sizeBytes < end) end = p + sizeBytes;
  while (p + 61 <= end) {
    int64_t base = get64(p), last = base + (int32_t)get32(p + 23);
    const unsigned char *next = p + 12 + get32(p + 8);
    if (next > end) break;
    for (int64_t offset = base; offset <= last; offset++) {
      int64_t i = offset - firstOffset;
      if (i < 0 || i >= total || records[i].seen) continue;
      Record *r = &records[i];
      r->received = c->received;
      r->seen = at;
      seenCount++;
    }
    nextOffset = last + 1;
    p = next;
  }
}

static int64_t onAcked(const Connection *c) {
  const unsigned char *p = c->bytes + 4 + 4 + 4 + 2 + topicBytes + 4 + 4;
  if (get16(p) != 0) fail("a produce was answered with an error");
  return get64(p + 2);
}

static void serve(Connection *c, int isConsumer) {
  readSome(c);
  for (size_t n; (n = wholeFrame(c)) > 0;) {
    if (isConsumer) onFetched(c, n); else onAcked(c);
    drop(c, n);
    if (isConsumer) fetch(c->fd);
  }
}

static int ascending(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

static void print(const char *p, const char *max, int64_t *values, int64_t n) {
  qsort(values, n, sizeof *values, ascending);
  printf("\"%s50Us\":%ld,\"%s99Us\":%ld,", p, values[n / 2], p, values[n * 99 / 100]);
  printf("\"%s999Us\":%ld,\"%sUs\":%ld,", p, values[n * 999 / 1000], max, values[n - 1]);
}

static void report(int64_t from, int64_t slowUs) {
  int64_t n = total - from, *whole = malloc(n * 8), *brokers = malloc(n * 8), *ran = malloc(n * 8);
  for (int64_t i = 0; i < n; i++) {
    const Record *r = &records[from + i];
    whole[i] = r->seen - r->due;
    brokers[i] = r->received - r->written;
    ran[i] = r->ran;
  }
  printf("{");
  print("p", "max", whole, n);
  print("brokerP", "brokerMax", brokers, n);
  if (watched >= 0) print("ranP", "ranMax", ran, n);
  printf("\"records\":%ld,\"slow\":[", n);
  int listed = 0;
  for (int64_t i = from; watched >= 0 && i < total && listed < SLOW_MAX; i++) {
    const Record *r = &records[i];
    if (r->seen - r->due < slowUs) continue;
    printf("%s[%ld,%ld,%ld,%ld,%ld,%ld]", listed++ ? "," : "", r->due, r->written, r->received, r->seen,
           r->ran, r->waited);
  }
  printf("]}\n");
}

int main(int argc, char **argv) {
  if (argc != 9) fail("PORT TOPIC RATE WARMUP_S MEASURE_S SLOW_US WATCHED_PID REQUEST_FILE");
  topic = argv[2];
  topicBytes = strlen(topic);
  double rate = atof(argv[3]), warmupS = atof(argv[4]), measureS = atof(argv[5]);
  int64_t warmup = rate * (warmupS + 1), announced = rate * warmupS;
  total = warmup + rate * measureS;
  records = calloc(total, sizeof *records);
  if (atoi(argv[7]) > 0) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/schedstat", atoi(argv[7]));
    watched = open(path, O_RDONLY);
    if (clock_getcpuclockid(atoi(argv[7]), &watchedCpu) != 0) fail("there is no such process");
  }
  static unsigned char request[2 << 20];
  int file = open(argv[8], O_RDONLY);
  ssize_t requestBytes = read(file, request, sizeof request);
  if (requestBytes <= 0) fail("there is no request");

  // A timer that may be late by 50 us, the default, would be half of what is measured.
  prctl(PR_SET_TIMERSLACK, 1);
  Connection producer = dial(atoi(argv[1])), consumer = dial(atoi(argv[1]));
  writeAll(producer.fd, request, requestBytes);
  while (!wholeFrame(&producer)) readSome(&producer);
  nextOffset = firstOffset = onAcked(&producer) + 1;
  drop(&producer, wholeFrame(&producer));
  fetch(consumer.fd);

  int epoll = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  int fds[] = {producer.fd, consumer.fd, timer};
  for (int i = 0; i < 3; i++) {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event);
  }
  int64_t begin = now() + 300000, sent = 0;
  while (seenCount < total) {
    int64_t due = sent < total ? begin + (int64_t)(sent * 1e6 / rate) : begin + total * 1e6 / rate + DRAIN_US;
    struct itimerspec at = {.it_value = {due / 1000000, due % 1000000 * 1000 + 1}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, 0);
    struct epoll_event ready[3];
    int n = epoll_wait(epoll, ready, 3, -1);
    for (int i = 0; i < n; i++) {
      if (ready[i].data.u32 == 0) serve(&producer, 0);
      if (ready[i].data.u32 == 1) serve(&consumer, 1);
    }
    if (sent == total && now() >= due) fail("records did not arrive");
    while (sent < total && now() >= begin + (int64_t)(sent * 1e6 / rate)) {
      Record *r = &records[sent];
      if (sent == announced) { printf("measure\n"); fflush(stdout); }
      r->due = begin + (int64_t)(sent * 1e6 / rate);
      if (watched >= 0) {
        schedule(&r->ran, &r->waited);
        settle(r->ran, r->waited);
      }
      r->written = now();
      sent++;
      writeAll(producer.fd, request, requestBytes);
    }
  }
  if (watched >= 0) {
    int64_t ran, waited;
    usleep(10000);
    schedule(&ran, &waited);
    settle(ran, waited);
  }
  report(warmup, atoll(argv[6]));
  return 0;
}
