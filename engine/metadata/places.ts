/** Where pods are registered; upstream's stage0 knows it too. */
export const registrationSocket = "/run/rkt/metadata-svc.sock";

/** Registrations, which outlive the service and not the boot. Root's alone. */
export const registrationFolder = "/run/rkt/metadata";

/** Where pods ask. */
export const metadataPort = 18112;

/** In the answer to a registration: the port at which this service is asked, where it is another one. */
export const portHeader = "rkt-metadata-port";
