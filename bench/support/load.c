// load: replays whole requests against a broker and reports rate and latency as one line of JSON.
//
//   load PORT CONNECTIONS DEPTH WARMUP_S MEASURE_S CHECK_AT RATE FILE [FILE...]
//
// Connection i replays FILE[i % files] (one request, its 4-byte length first) with DEPTH requests in
// flight. RATE > 0 makes it an open loop of RATE requests a second over all connections, latency
// taken from the intended send time. CHECK_AT >= 0 is where in a response (after its length) an
// int16 error code stands; the first one that is not 0 ends the run with exit 3, so that a broker
// which refuses quickly is not mistaken for a fast one.
//
// Between warm-up and measurement the line "measure" is printed and flushed: whoever counts the
// broker's CPU takes the first reading there and the second when the JSON line arrives.
// Single-threaded; nothing is allocated while it runs. Build: gcc -O2 -o load load.c
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define DEPTH_MAX 4096
#define HEAD_KEPT 512
#define SAMPLES_MAX 30000000

typedef struct {
  int fd, wants_write;
  const char *request;
  size_t request_size, request_at;
  unsigned pending;             // requests to be written, the one under way included
  double sent[DEPTH_MAX];       // ring of send times
  unsigned head, tail;
  unsigned char length[4];
  unsigned length_have;
  uint32_t body_left, body_at;  // of the response that is arriving
  unsigned char kept[HEAD_KEPT];
} Connection;

static int epoll;
static int check_at;
static unsigned long long responses, sent_bytes, received_bytes;
static float *samples;
static size_t sample_count;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void fail(const char *what) { perror(what); exit(1); }

static void *must(void *memory) {
  if (!memory) fail("memory");
  return memory;
}

static void want(Connection *c, int write) {
  if (write == c->wants_write) return;
  c->wants_write = write;
  struct epoll_event e = {.events = EPOLLIN | (write ? EPOLLOUT : 0), .data.ptr = c};
  epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &e);
}

static void write_pending(Connection *c) {
  while (c->pending) {
    ssize_t n = send(c->fd, c->request + c->request_at, c->request_size - c->request_at,
                     MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) break;
    if (n < 0) fail("send");
    sent_bytes += n;
    c->request_at += n;
    if (c->request_at == c->request_size) { c->request_at = 0; c->pending--; }
  }
  want(c, c->pending > 0);
}

static void ask(Connection *c, double at) {
  if (c->head - c->tail >= DEPTH_MAX) return;
  c->sent[c->head++ % DEPTH_MAX] = at;
  c->pending++;
}

static void finish_response(Connection *c, double at) {
  if (check_at >= 0) {
    int code = (int16_t)(c->kept[check_at] << 8 | c->kept[check_at + 1]);
    if (code) { fprintf(stderr, "load: the broker answered error %d\n", code); exit(3); }
  }
  if (sample_count < SAMPLES_MAX) samples[sample_count++] = (at - c->sent[c->tail % DEPTH_MAX]) * 1e6;
  c->tail++;
  responses++;
}

// Takes in what arrived; returns how many responses it completed.
static int take(Connection *c, const unsigned char *bytes, size_t size, double at) {
  int completed = 0;
  size_t i = 0;
  while (i < size) {
    if (!c->body_left) {
      c->length[c->length_have++] = bytes[i++];
      if (c->length_have < 4) continue;
      c->length_have = 0;
      c->body_left = (uint32_t)c->length[0] << 24 | c->length[1] << 16 | c->length[2] << 8 | c->length[3];
      c->body_at = 0;
      continue;
    }
    size_t n = size - i < c->body_left ? size - i : c->body_left;
    if (c->body_at < HEAD_KEPT) {
      size_t k = n < HEAD_KEPT - c->body_at ? n : HEAD_KEPT - c->body_at;
      memcpy(c->kept + c->body_at, bytes + i, k);
    }
    i += n; c->body_at += n; c->body_left -= n;
    if (!c->body_left) { finish_response(c, at); completed++; }
  }
  return completed;
}

static int ascending(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return x < y ? -1 : x > y;
}

static Connection *connect_all(int port, int count, char **files, int file_count) {
  Connection *all = must(calloc(count, sizeof *all));
  char **bytes = must(calloc(file_count, sizeof *bytes));
  size_t *sizes = must(calloc(file_count, sizeof *sizes));
  for (int i = 0; i < file_count; i++) {
    FILE *f = fopen(files[i], "rb");
    if (!f) fail(files[i]);
    fseek(f, 0, SEEK_END); sizes[i] = ftell(f); rewind(f);
    bytes[i] = must(malloc(sizes[i]));
    if (fread(bytes[i], 1, sizes[i], f) != sizes[i]) fail(files[i]);
    fclose(f);
  }
  for (int i = 0; i < count; i++) {
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (void *)&a, sizeof a)) fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    all[i].fd = fd;
    all[i].request = bytes[i % file_count];
    all[i].request_size = sizes[i % file_count];
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = &all[i]};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
  }
  return all;
}

static void report(double seconds) {
  qsort(samples, sample_count, sizeof *samples, ascending);
  double gigabytes = (sent_bytes > received_bytes ? sent_bytes : received_bytes) / 1e9;
  printf("{\"responses\":%llu,\"seconds\":%.3f,\"gigabytes\":%.4f", responses, seconds, gigabytes);
  if (sample_count)
    printf(",\"p50Us\":%.0f,\"p99Us\":%.0f,\"p999Us\":%.0f,\"maxUs\":%.0f", samples[sample_count / 2],
           samples[(size_t)(sample_count * .99)], samples[(size_t)(sample_count * .999)],
           samples[sample_count - 1]);
  puts("}");
}

int main(int argc, char **argv) {
  if (argc < 9) {
    fprintf(stderr, "usage: load PORT CONNECTIONS DEPTH WARMUP_S MEASURE_S CHECK_AT RATE FILE...\n");
    return 2;
  }
  int count = atoi(argv[2]), depth = atoi(argv[3]);
  double warmup = atof(argv[4]), measure = atof(argv[5]), rate = atof(argv[7]);
  check_at = atoi(argv[6]);
  if (depth > DEPTH_MAX || check_at > HEAD_KEPT - 2) { fprintf(stderr, "load: out of range\n"); return 2; }
  epoll = epoll_create1(0);
  samples = must(malloc(sizeof *samples * (size_t)SAMPLES_MAX));
  Connection *all = connect_all(atoi(argv[1]), count, argv + 8, argc - 8);
  static unsigned char landing[1 << 20];

  double start = now(), begin = start + warmup, next = start;
  int measuring = 0, turn = 0;
  if (rate > 0) {
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct itimerspec every = {{0, 100000}, {0, 100000}};
    timerfd_settime(timer, 0, &every, 0);
    struct epoll_event e = {.events = EPOLLIN | EPOLLET, .data.ptr = 0};
    epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &e);
  } else {
    for (int i = 0; i < count; i++) {
      for (int k = 0; k < depth; k++) ask(&all[i], start);
      write_pending(&all[i]);
    }
  }
  struct epoll_event ready[256];
  for (double t = start; t < begin + measure; t = now()) {
    if (!measuring && t >= begin) {
      measuring = 1; begin = t;
      responses = sent_bytes = received_bytes = 0; sample_count = 0;
      puts("measure"); fflush(stdout);
    }
    int n = epoll_wait(epoll, ready, 256, 50);
    for (; rate > 0 && next <= now(); next += 1 / rate) {
      Connection *c = &all[turn++ % count];
      ask(c, next);
      write_pending(c);
    }
    for (int i = 0; i < n; i++) {
      Connection *c = ready[i].data.ptr;
      if (!c) continue;
      if (ready[i].events & EPOLLOUT) write_pending(c);
      if (!(ready[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) continue;
      ssize_t got = read(c->fd, landing, sizeof landing);
      if (got == 0 || (got < 0 && errno != EAGAIN)) {
        fprintf(stderr, "load: the broker closed a connection\n");
        return 3;
      }
      if (got < 0) continue;
      received_bytes += got;
      double at = now();
      int completed = take(c, landing, got, at);
      if (rate <= 0 && completed) {
        while (completed--) ask(c, at);
        write_pending(c);
      }
    }
  }
  report(now() - begin);
  return responses ? 0 : 3;
}
