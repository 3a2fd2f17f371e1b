// relay: what the machine itself takes from a producer to a consumer.  relay PORT
//
// One thread that hands the batch of each Produce v7 to whoever asks with Fetch v11, over the same
// two sockets and with the same bytes as a broker, and does nothing else: no check, no file. What
// a broker takes above it is the broker's doing.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_BYTES = 4 << 20, KEPT = 4096 };

typedef struct { int fd; size_t have, put; unsigned char *in, *out; } Connection;

static struct { unsigned char *bytes; uint32_t size; } kept[KEPT];
static int64_t nextOffset;
// The fetch that waits.
static Connection *waiting;
static int64_t waitingOffset;
static unsigned char topic[256];
static int topicBytes;

static uint32_t get32(const unsigned char *p) { return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]; }
static int64_t get64(const unsigned char *p) { return (int64_t)get32(p) << 32 | get32(p + 4); }
static void add32(Connection *c, uint32_t v) { for (int i = 24; i >= 0; i -= 8) c->out[c->put++] = v >> i; }
static void add64(Connection *c, int64_t v) { add32(c, v >> 32); add32(c, v); }
static void add(Connection *c, const void *p, size_t n) { memcpy(c->out + c->put, p, n); c->put += n; }
static void addTopic(Connection *c) {
  add32(c, 1);
  c->out[c->put++] = topicBytes >> 8;
  c->out[c->put++] = topicBytes;
  add(c, topic, topicBytes);
  add32(c, 1);
  add32(c, 0);
  add(c, "\0\0", 2); // no error
}
static void setLength(Connection *c, size_t at) {
  size_t end = c->put;
  c->put = at;
  add32(c, end - at - 4);
  c->put = end;
}

// Returns the connection that was answered, or 0.
static Connection *answerWaiting(void) {
  Connection *c = waiting;
  if (!c || waitingOffset >= nextOffset) return 0;
  waiting = 0;
  size_t start = c->put, sizeAt;
  add32(c, 0); add32(c, 7); add32(c, 0); add(c, "\0\0", 2); add32(c, 0);
  addTopic(c);
  add64(c, nextOffset); add64(c, nextOffset); add64(c, 0); add32(c, -1); add32(c, -1);
  sizeAt = c->put;
  add32(c, 0);
  for (int64_t at = waitingOffset; at < nextOffset && c->put < BUFFER_BYTES / 2; at++) {
    add64(c, at);
    add(c, kept[at % KEPT].bytes + 8, kept[at % KEPT].size - 8);
  }
  setLength(c, sizeAt);
  setLength(c, start);
  return c;
}

static void onFrame(Connection *c, const unsigned char *p) {
  int isFetch = p[1] == 1;
  const unsigned char *at = p + 8;
  at += 2 + (at[0] << 8 | at[1]); // client id
  at += isFetch ? 4 + 4 + 4 + 4 + 1 + 4 + 4 : 2 + 2 + 4;
  topicBytes = at[4] << 8 | at[5];
  memcpy(topic, at + 6, topicBytes);
  at += 6 + topicBytes + 4 + 4;
  if (isFetch) {
    waiting = c;
    waitingOffset = get64(at + 4);
  } else {
    uint32_t size = get32(at);
    kept[nextOffset % KEPT].bytes = realloc(kept[nextOffset % KEPT].bytes, size);
    kept[nextOffset % KEPT].size = size;
    memcpy(kept[nextOffset % KEPT].bytes, at + 4, size);
    size_t start = c->put;
    add32(c, 0); add(c, p + 4, 4);
    addTopic(c);
    add64(c, nextOffset++); add64(c, -1); add64(c, 0); add32(c, 0);
    setLength(c, start);
  }
}

// 0: closed.
static int receive(Connection *c) {
  ssize_t got = read(c->fd, c->in + c->have, BUFFER_BYTES - c->have);
  if (got <= 0) return 0;
  c->have += got;
  size_t at = 0;
  while (c->have - at >= 4 && c->have - at >= 4 + get32(c->in + at)) {
    onFrame(c, c->in + at + 4);
    at += 4 + get32(c->in + at);
  }
  memmove(c->in, c->in + at, c->have - at);
  c->have -= at;
  return 1;
}

static void flush(Connection *c) {
  for (size_t at = 0; at < c->put;) {
    ssize_t n = send(c->fd, c->out + at, c->put - at, MSG_NOSIGNAL);
    if (n <= 0) break;
    at += n;
  }
  c->put = 0;
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  int server = socket(AF_INET, SOCK_STREAM, 0), on = 1, epoll = epoll_create1(0);
  setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(server, (void *)&here, sizeof here) != 0 || listen(server, 16) != 0) { perror("relay"); return 1; }
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = 0}, ready[16];
  epoll_ctl(epoll, EPOLL_CTL_ADD, server, &event);
  for (;;) {
    int n = epoll_wait(epoll, ready, 16, -1);
    for (int i = 0; i < n; i++) {
      Connection *c = ready[i].data.ptr;
      if (!c) {
        c = calloc(1, sizeof *c);
        c->fd = accept(server, 0, 0);
        c->in = malloc(BUFFER_BYTES);
        c->out = malloc(BUFFER_BYTES);
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        event.data.ptr = c;
        epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
      } else if (receive(c)) {
        Connection *answered = answerWaiting();
        flush(c);
        if (answered && answered != c) flush(answered);
      } else {
        if (waiting == c) waiting = 0;
        close(c->fd);
        free(c->in);
        free(c->out);
        free(c);
      }
    }
  }
}
