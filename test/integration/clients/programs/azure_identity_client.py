"""The program "inside the pod": azure-identity as it is. Nothing here knows of podid."""

import json
import sys

from azure.identity import DefaultAzureCredential, ManagedIdentityCredential


def credential_for(ask):
    if ask["credential"] == "chain":
        client_id = ask.get("clientID")
        return DefaultAzureCredential(managed_identity_client_id=client_id) if client_id else DefaultAzureCredential()
    if "clientID" in ask:
        return ManagedIdentityCredential(client_id=ask["clientID"])
    if "objectID" in ask:
        return ManagedIdentityCredential(identity_config={"object_id": ask["objectID"]})
    if "resourceID" in ask:
        return ManagedIdentityCredential(identity_config={"resource_id": ask["resourceID"]})
    return ManagedIdentityCredential()


def call(credential, resource):
    try:
        return {"ok": True, "token": credential.get_token(resource + "/.default").token}
    except Exception as error:  # whatever the SDK raises is what the test wants to see
        return {"ok": False, "kind": type(error).__name__, "message": str(error)}


def run(ask):
    credential = credential_for(ask)
    return [call(credential, ask["resource"]) for _ in range(ask["times"])]


print(json.dumps([run(ask) for ask in json.loads(sys.argv[1])]))
