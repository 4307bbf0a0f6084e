"""The program "inside the pod": msal as it is. Nothing here knows of podid."""

import json
import sys

import msal
import requests


def identity_of(ask):
    if "clientID" in ask:
        return msal.UserAssignedManagedIdentity(client_id=ask["clientID"])
    if "objectID" in ask:
        return msal.UserAssignedManagedIdentity(object_id=ask["objectID"])
    if "resourceID" in ask:
        return msal.UserAssignedManagedIdentity(resource_id=ask["resourceID"])
    return msal.SystemAssignedManagedIdentity()


def call(client, resource):
    result = client.acquire_token_for_client(resource=resource)
    if "access_token" in result:
        return {"ok": True, "token": result["access_token"]}
    return {"ok": False, "kind": result["error"], "message": result.get("error_description", "")}


def run(ask):
    client = msal.ManagedIdentityClient(identity_of(ask), http_client=requests.Session())
    return [call(client, ask["resource"]) for _ in range(ask["times"])]


print(json.dumps([run(ask) for ask in json.loads(sys.argv[1])]))
