import fs from "node:fs";
import { type ServiceProcess, startNginxServer, temporaryFolder } from "@uci/services";

/** Where Debian's package `libnginx-mod-nchan` puts it; it fits the nginx of the same system. */
const moduleFile = "/usr/lib/nginx/modules/ngx_nchan_module.so";

/**
 * An nginx that holds the readers itself and is sent each event by a request; null where nchan is not installed. One
 * process, so that what it costs is what that process costs.
 */
export async function startNchan(): Promise<ServiceProcess | null> {
  if (!fs.existsSync(moduleFile)) return null;
  const folder = temporaryFolder("bench-nchan");
  return startNginxServer({ name: "nchan", folder, configuration: ({ host, port }) => configuration(host, port) });
}

/** The request that sends an event to all who read a channel. */
export function published(channel: string, event: string, data: string): string {
  const head = `POST /write?id=${channel} HTTP/1.1\r\nHost: nchan\r\nX-EventSource-Event: ${event}\r\n`;
  return `${head}Content-Length: ${Buffer.byteLength(data)}\r\n\r\n${data}`;
}

/** Readers get the one message that is kept, the newest, and what follows it. */
function configuration(host: string, port: number): string {
  return `load_module ${moduleFile};
daemon off;
master_process off;
pid nginx.pid;
events { worker_connections 8192; }
http {
  access_log off;
  keepalive_requests 100000000;
  keepalive_timeout 1h;
  tcp_nodelay on;
  server {
    listen ${host}:${port} backlog=4096;
    location = /write {
      nchan_publisher;
      nchan_channel_id $arg_id;
      nchan_message_buffer_length 1;
      nchan_message_timeout 1h;
    }
    location = /read {
      nchan_subscriber eventsource;
      nchan_channel_id $arg_id;
      nchan_subscriber_first_message oldest;
    }
  }
}
`;
}
