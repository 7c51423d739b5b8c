import { parseNetworkConfiguration, type NetworkConfiguration } from "./networkConfiguration.ts";

/** The networks that are there without a file; a file in net.d that has the same name takes its place. */
export function builtInNetworks(): readonly NetworkConfiguration[] {
  return [
    parseNetworkConfiguration("99-default-restricted.conf", restricted),
    parseNetworkConfiguration("99-default.conf", open),
  ];
}

const open = `{
	"cniVersion": "0.4.0",
	"name": "default",
	"type": "ptp",
	"ipMasq": true,
	"ipam": {
		"type": "host-local",
		"subnet": "172.16.28.0/24",
		"routes": [
			{ "dst": "0.0.0.0/0" }
		]
	}
}
`;

const restricted = `{
	"cniVersion": "0.4.0",
	"name": "default-restricted",
	"type": "ptp",
	"ipMasq": false,
	"ipam": {
		"type": "host-local",
		"subnet": "172.31.0.0/16"
	}
}
`;
