"""The management API below /manager/api/v1, as the clients of the platform's use it, who copy all there is."""
