#include "web.h"
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>
struct web { struct web_options o; int fd; struct MHD_Daemon *d; char url[64]; pthread_mutex_t lock; unsigned long long ok; };
int web_listen(struct web **out, const struct web_options *o, char *error, size_t n)
{
	struct web *w = calloc(1, sizeof(*w)); struct sockaddr_in a = { .sin_family = AF_INET }; socklen_t len = sizeof(a);
	(void)error; (void)n;
	w->o = *o; pthread_mutex_init(&w->lock, NULL);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons(atoi(strrchr(o->addresses[0], ':') + 1));
	w->fd = socket(AF_INET, SOCK_STREAM, 0);
	bind(w->fd, (void *)&a, sizeof(a)); listen(w->fd, 128); getsockname(w->fd, (void *)&a, &len);
	snprintf(w->url, sizeof(w->url), "http://127.0.0.1:%d", ntohs(a.sin_port));
	*out = w; return 0;
}
static enum MHD_Result handler(void *arg, struct MHD_Connection *c, const char *url, const char *method, const char *version, const char *up, size_t *ups, void **st)
{
	struct web *w = arg; size_t i; struct web_response r = { .status = 200 };
	struct web_request q = { MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Accept"), MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Accept-Encoding") };
	struct MHD_Response *resp; enum MHD_Result x;
	(void)method; (void)version; (void)up; (void)ups;
	if (!*st) { *st = w; return MHD_YES; }
	for (i = 0; i < w->o.nr_pages && strcmp(w->o.pages[i].path, url); i++) ;
	pthread_mutex_lock(&w->lock);
	if (i < w->o.nr_pages) w->o.pages[i].get(w->o.arg, &q, &r); else r.status = 404, r.body = "", r.content_type = "text/plain";
	w->ok++;
	resp = MHD_create_response_from_buffer(r.len, (void *)r.body, MHD_RESPMEM_MUST_COPY);
	pthread_mutex_unlock(&w->lock);
	MHD_add_response_header(resp, "Content-Type", r.content_type);
	if (r.content_encoding) MHD_add_response_header(resp, "Content-Encoding", r.content_encoding);
	x = MHD_queue_response(c, r.status, resp); MHD_destroy_response(resp); return x;
}
int web_start(struct web *w, char *error, size_t n) { (void)error; (void)n;
	w->d = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, handler, w, MHD_OPTION_LISTEN_SOCKET, w->fd, MHD_OPTION_END);
	return w->d ? 0 : -EIO; }
int web_reload(struct web *w, char *e, size_t n) { (void)w; (void)e; (void)n; return 0; }
bool web_config_changed(const struct web *w) { (void)w; return false; }
const char *web_url(const struct web *w, size_t i) { return i ? NULL : w->url; }
size_t web_requests(const struct web *w, struct web_status_count *rows, size_t nr) { (void)nr; rows[0].status = 200; rows[0].count = w->ok; return 1; }
void web_close(struct web *w) { if (!w) return; if (w->d) MHD_stop_daemon(w->d); free(w); }
