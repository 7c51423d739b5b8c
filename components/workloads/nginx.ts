/**
 * nginx as the workloads run it: with a configuration of the stack's own, so that it listens where its pod says it
 * does, whichever nginx image that is.
 */

export const NGINX_DIRECTORY = "/etc/rktnetes-nginx";
export const NGINX_COMMAND = ["nginx", "-c", `${NGINX_DIRECTORY}/nginx.conf`];

export interface NginxSettings {
  readonly port: number;
  /** `files` serves /usr/share/nginx/html; `hostname` answers with the pod's name, whatever is asked for. */
  readonly answer: "files" | "hostname";
}

export function nginxConfiguration({ port, answer }: NginxSettings): string {
  const location =
    answer === "files"
      ? "root /usr/share/nginx/html; index index.html;"
      : 'default_type text/plain; return 200 "$hostname\\n";';
  return `daemon off;
worker_processes 1;
pid /tmp/nginx.pid;
error_log stderr notice;
events { worker_connections 512; }
http {
  include /etc/nginx/mime.types;
  access_log off;
  client_body_temp_path /tmp/nginx-body;
  proxy_temp_path /tmp/nginx-proxy;
  fastcgi_temp_path /tmp/nginx-fastcgi;
  uwsgi_temp_path /tmp/nginx-uwsgi;
  scgi_temp_path /tmp/nginx-scgi;
  server {
    listen ${port};
    location / { ${location} }
  }
}
`;
}
